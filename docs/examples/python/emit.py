"""Sends one audit record with the OpenTelemetry Python SDK and fails unless
the collector said that it is stored.

pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
"""
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource


# OTEL_EXPORTER_OTLP_ENDPOINT says where the collector is. The SDK only logs what the exporter answered; keep it to act on it.
answers = []


class Answered(OTLPLogExporter):
    def export(self, batch):
        answers.append(super().export(batch))
        return answers[-1]


provider = LoggerProvider(resource=Resource.create({"service.name": "billing"}))
# A batching processor drops what it holds when the process dies.
provider.add_log_record_processor(SimpleLogRecordProcessor(Answered()))

provider.get_logger("audit").emit(
    LogRecord(
        timestamp=time.time_ns(),
        severity_number=SeverityNumber.INFO,
        attributes={
            "audit.tenant.id": "acme",
            "audit.action": "invoice.refund",
            "audit.outcome": "success",
            "audit.actor.type": "user",
            "audit.actor.id": "usr_42",
            "audit.target.type": "invoice",
            "audit.target.id": "inv_889",
            # The key your request already has makes a retry the same event.
            "audit.idempotency.key": "refund:inv_889:4",
            "audit.payload": {"amount_cents": 12990, "currency": "EUR"},
        },
    )
)

provider.shutdown()
if any(answer.name != "SUCCESS" for answer in answers):
    raise SystemExit("not stored")
