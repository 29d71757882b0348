// Sends one audit record with the OpenTelemetry JavaScript SDK and fails
// unless the collector said that it is stored.
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'

// OTEL_EXPORTER_OTLP_ENDPOINT says where the collector is.
const exporter = new OTLPLogExporter()

// The SDK only logs what the exporter answered; keep it to act on it.
let failure
const answered = {
  export: (records, done) =>
    exporter.export(records, (result) => {
      if (result.code !== 0) failure = result.error ?? new Error('not stored')
      done(result)
    }),
  shutdown: () => exporter.shutdown(),
  forceFlush: () => exporter.forceFlush(),
}

const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': 'billing' }),
  // A batching processor drops what it holds when the process dies.
  processors: [new SimpleLogRecordProcessor({ exporter: answered })],
})

provider.getLogger('audit').emit({
  timestamp: Date.now(),
  severityNumber: SeverityNumber.INFO,
  eventName: 'audit.invoice.refund',
  attributes: {
    'audit.tenant.id': 'acme',
    'audit.action': 'invoice.refund',
    'audit.outcome': 'success',
    'audit.actor.type': 'user',
    'audit.actor.id': 'usr_42',
    'audit.target.type': 'invoice',
    'audit.target.id': 'inv_889',
    // The key your request already has makes a retry the same event.
    'audit.idempotency.key': 'refund:inv_889:2',
    'audit.payload': { amount_cents: 12990, currency: 'EUR' },
  },
})

await provider.shutdown()
if (failure) throw failure
