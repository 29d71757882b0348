#!/bin/sh
# Sends one audit record with nothing but curl, and fails unless the collector
# answers 200. --retry repeats the same bytes on 429 and 503: the same event.
set -eu
curl --fail-with-body --silent --show-error --retry 5 \
  --header 'Content-Type: application/json' \
  --data @- "${OTEL_EXPORTER_OTLP_ENDPOINT:-http://127.0.0.1:4318}/v1/logs" <<JSON
{"resourceLogs": [{
  "resource": {"attributes": [
    {"key": "service.name", "value": {"stringValue": "billing"}}
  ]},
  "scopeLogs": [{"logRecords": [{
    "timeUnixNano": "${TIME_UNIX_NANO:-$(date +%s%N)}",
    "severityNumber": 9,
    "attributes": [
      {"key": "audit.tenant.id",       "value": {"stringValue": "acme"}},
      {"key": "audit.action",          "value": {"stringValue": "invoice.refund"}},
      {"key": "audit.outcome",         "value": {"stringValue": "success"}},
      {"key": "audit.actor.type",      "value": {"stringValue": "user"}},
      {"key": "audit.actor.id",        "value": {"stringValue": "usr_42"}},
      {"key": "audit.target.type",     "value": {"stringValue": "invoice"}},
      {"key": "audit.target.id",       "value": {"stringValue": "inv_889"}},
      {"key": "audit.idempotency.key", "value": {"stringValue": "refund:inv_889:3"}},
      {"key": "audit.payload",         "value": {"stringValue": "{\"amount_cents\": 12990, \"password\": \"hunter2\"}"}}
    ]
  }]}]
}]}
JSON
