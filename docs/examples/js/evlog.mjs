// Sends one audit event with evlog. Nothing in it knows of this project: the
// drain is evlog's own OTLP drain.
import { createLogger, initLogger, withAuditMethods } from 'evlog'
import { createOTLPDrain } from 'evlog/otlp'

const drain = createOTLPDrain() // OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME
const pending = []
initLogger({
  env: { service: 'billing' },
  silent: true,
  drain: (context) => {
    const sent = drain(context)
    pending.push(sent)
    return sent
  },
})

// In a framework this is the request's logger; the tenant is a field like any other.
const log = withAuditMethods(createLogger({ tenantId: 'acme' }))
log.audit({
  action: 'invoice.refund',
  actor: { type: 'user', id: 'usr_42', email: 'a@acme.example' },
  target: { type: 'invoice', id: 'inv_889' },
  outcome: 'denied',
  reason: 'Insufficient permissions',
})
log.emit()

await Promise.all(pending)
