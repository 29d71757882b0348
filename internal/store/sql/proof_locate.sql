-- Readers have no right on the identities: the function looks into those of the
-- tenant in audit.tenant.
SELECT l.epoch, l.seq FROM {{schema}}.audit_locate($1::text) AS l
