// The OpenTelemetry JavaScript SDK: logger provider, batch processor, OTLP
// exporter, as an application sets it up.
//
//   node otel.mjs --endpoint http://127.0.0.1:4318 --protocol json|protobuf|grpc --tenant T --run ID [--compression gzip] [--count N]
//
// Prints, per record, {"name", "acknowledged", "action"?, "target"?}.
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as GRPCExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JSONExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'

import { argument, report } from './arguments.mjs'

const endpoint = argument('endpoint')
const protocol = argument('protocol', 'json')
const compression = argument('compression', 'none')
const tenant = argument('tenant')
const run = argument('run')
const count = Number(argument('count', '0'))

const inner = {
  json: () => new JSONExporter({ url: `${endpoint}/v1/logs`, compression }),
  protobuf: () => new ProtobufExporter({ url: `${endpoint}/v1/logs`, compression }),
  grpc: () => new GRPCExporter({ url: endpoint, compression }),
}[protocol]()

// The result of each export is what the collector acknowledged.
let acknowledged = true
const exporter = {
  export: (records, done) =>
    inner.export(records, (result) => {
      if (result.code !== 0) {
        acknowledged = false
        report({ name: 'export', acknowledged: false, error: String(result.error?.message ?? result.code) })
      }
      done(result)
    }),
  forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
  shutdown: () => inner.shutdown(),
}

const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': 'otel-app', 'service.version': '4.5.6', 'deployment.environment.name': 'test', 'tenant.id': tenant }),
  processors: [new BatchLogRecordProcessor({ exporter, maxQueueSize: 20000, maxExportBatchSize: 1000, scheduledDelayMillis: 100 })],
})
const logger = provider.getLogger('checkout', '1.0.0')

const sent = []
function emit(name, record) {
  logger.emit({ severityNumber: SeverityNumber.INFO, severityText: 'INFO', timestamp: new Date(), ...record })
  sent.push({ name, action: record.action })
}

emit('flat', {
  attributes: {
    'audit.action': 'invoice.create',
    'audit.outcome': 'success',
    'audit.actor.type': 'user',
    'audit.actor.id': `usr-${run}`,
    'audit.target.type': 'invoice',
    'audit.target.id': `inv-${run}-flat`,
    'audit.payload.amount': 129.5,
    'audit.payload.password': `hunter2-${run}-flat`,
  },
})
emit('nested', {
  attributes: {
    audit: {
      action: 'invoice.create',
      outcome: 'failure',
      actor: { type: 'user', id: `usr-${run}` },
      target: { type: 'invoice', id: `inv-${run}-nested` },
      payload: { amount: 129.5, lines: [1, 2, 3], token: `hunter2-${run}-nested` },
    },
  },
})
emit('json-text', {
  attributes: {
    audit: JSON.stringify({
      action: 'invoice.create',
      outcome: 'denied',
      actor: { type: 'user', id: `usr-${run}` },
      target: { type: 'invoice', id: `inv-${run}-json-text` },
      payload: { apiKey: `hunter2-${run}-json-text` },
    }),
  },
})
emit('body-map', {
  body: { audit: { action: 'invoice.create', outcome: 'success', actor: { type: 'cron', id: 'nightly' }, target: { type: 'invoice', id: `inv-${run}-body-map` } }, note: 'kept' },
})
emit('body-text', {
  body: JSON.stringify({ audit: { action: 'invoice.create', outcome: 'success', actor: { type: 'cron', id: 'nightly' }, target: { type: 'invoice', id: `inv-${run}-body-text` } }, note: 'kept' }),
})
emit('event-name', {
  eventName: 'audit.invoice',
  body: { action: 'invoice.create', outcome: 'success', actor: { type: 'cron', id: 'nightly' }, target: { type: 'invoice', id: `inv-${run}-event-name` } },
})
emit('draft-signal', {
  eventName: 'invoice.create',
  attributes: {
    'audit.record.id': `rec-${run}`,
    'audit.action': 'invoice.create',
    'audit.outcome': 'success',
    'audit.actor.id': `usr-${run}`,
    'audit.actor.type': 'user',
    'audit.target.id': `inv-${run}-draft-signal`,
    'audit.target.type': 'invoice',
    'audit.source.id': '203.0.113.9',
    'audit.source.type': 'ip',
    'audit.schema.version': '1.0',
    'audit.sequence.number': 7,
    'audit.integrity.hash': 'abc',
  },
})
emit('words', {
  attributes: {
    'audit.kind': 'invoice.create',
    'audit.status': 'OK',
    'audit.actor': `svc-${run}`,
    'audit.actor_type': 'service',
    'audit.target_type': 'invoice',
    'audit.target_id': `inv-${run}-words`,
    'audit.payload': '{"amount":1}',
  },
})
emit('ordinary', { body: `ordinary log of ${run}`, attributes: { auditor: 'no', 'user.audit': true } })

for (let i = 0; i < count; i++) {
  emit('batch', {
    attributes: { 'audit.action': 'item.import', 'audit.outcome': 'success', 'audit.actor.type': 'user', 'audit.actor.id': `usr-${run}`, 'audit.target.type': 'item', 'audit.target.id': `item-${run}-${i}` },
  })
}

await provider.forceFlush()
await provider.shutdown()
for (const line of sent) report({ ...line, acknowledged })
