-- Neither a conflict target nor RETURNING: both need SELECT, which a writer does
-- not have here.
INSERT INTO {{schema}}.audit_quarantine (tenant_id, event_id, action, reason, sqlstate, detail, sha256, otlp, otlp_encoding)
SELECT tenant_id, event_id, action, reason, sqlstate, detail, sha256, otlp, otlp_encoding
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::text[])
    AS q (tenant_id, event_id, action, reason, sqlstate, detail, sha256, otlp, otlp_encoding)
ON CONFLICT DO NOTHING
