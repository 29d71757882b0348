import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Sends one audit record with the OpenTelemetry Java SDK and fails unless the
 * collector said that it is stored.
 *
 * <p>Maven: io.opentelemetry:opentelemetry-sdk, io.opentelemetry:opentelemetry-exporter-otlp.
 */
public final class Emit {
  public static void main(String[] args) {
    String endpoint =
        System.getenv().getOrDefault("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    // A batching processor drops what it holds when the process dies.
    SdkLoggerProvider provider =
        SdkLoggerProvider.builder()
            .setResource(
                Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), "billing")))
            .addLogRecordProcessor(
                SimpleLogRecordProcessor.create(
                    OtlpHttpLogRecordExporter.builder().setEndpoint(endpoint + "/v1/logs").build()))
            .build();

    provider
        .get("audit")
        .logRecordBuilder()
        .setTimestamp(Instant.now())
        .setSeverity(Severity.INFO)
        .setAttribute(AttributeKey.stringKey("audit.tenant.id"), "acme")
        .setAttribute(AttributeKey.stringKey("audit.action"), "invoice.refund")
        .setAttribute(AttributeKey.stringKey("audit.outcome"), "success")
        .setAttribute(AttributeKey.stringKey("audit.actor.type"), "user")
        .setAttribute(AttributeKey.stringKey("audit.actor.id"), "usr_42")
        .setAttribute(AttributeKey.stringKey("audit.target.type"), "invoice")
        .setAttribute(AttributeKey.stringKey("audit.target.id"), "inv_889")
        // The key your request already has makes a retry the same event.
        .setAttribute(AttributeKey.stringKey("audit.idempotency.key"), "refund:inv_889:5")
        // The Java SDK has no map attributes in its stable API: send JSON text.
        .setAttribute(AttributeKey.stringKey("audit.payload"), "{\"amount_cents\": 12990}")
        .emit();

    if (!provider.shutdown().join(10, TimeUnit.SECONDS).isSuccess()) {
      throw new IllegalStateException("not stored");
    }
  }
}
