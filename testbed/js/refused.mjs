// What the OpenTelemetry JavaScript SDK makes of an answer that asks it to send
// again: more records than a tenant's limit allows, and one after them.
//
//   node refused.mjs --endpoint http://127.0.0.1:4318 --protocol json|protobuf|grpc --tenant T --run ID
//
// Prints {"name": "first" or "second", "acknowledged", "error"?} per export.
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as GRPCExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JSONExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'

import { argument, report } from './arguments.mjs'

const endpoint = argument('endpoint')
const tenant = argument('tenant')
const run = argument('run')

// Six times the default, so that a busy machine is no reason to give up.
const timeoutMillis = 60000
const inner = {
  json: () => new JSONExporter({ url: `${endpoint}/v1/logs`, timeoutMillis }),
  protobuf: () => new ProtobufExporter({ url: `${endpoint}/v1/logs`, timeoutMillis }),
  grpc: () => new GRPCExporter({ url: endpoint, timeoutMillis }),
}[argument('protocol')]()

let name = 'first'
const exporter = {
  export: (records, done) =>
    inner.export(records, (result) => {
      report({ name, acknowledged: result.code === 0, error: result.error && String(result.error.message ?? result.error) })
      done(result)
    }),
  forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
  shutdown: () => inner.shutdown(),
}

const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': 'otel-app', 'tenant.id': tenant }),
  processors: [new BatchLogRecordProcessor({ exporter, maxExportBatchSize: 1000, scheduledDelayMillis: 60000, exportTimeoutMillis: timeoutMillis })],
})
const logger = provider.getLogger('refused')

function emit(target) {
  logger.emit({
    severityNumber: SeverityNumber.INFO,
    timestamp: new Date(),
    attributes: { 'audit.action': 'item.import', 'audit.outcome': 'success', 'audit.actor.type': 'user', 'audit.actor.id': `usr-${run}`, 'audit.target.type': 'item', 'audit.target.id': `item-${run}-${target}` },
  })
}

for (let i = 0; i < 100; i++) emit(i)
await provider.forceFlush()
name = 'second'
emit('second')
// A failed export rejects here in some versions; it has been reported.
await provider.forceFlush().catch(() => {})
await provider.shutdown().catch(() => {})
