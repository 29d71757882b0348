SELECT p.id, p.epoch, p.size, p.cutoff, p.deleted, p.root, p.frontier, p.note, p.intent_event_id, p.completion_event_id
FROM {{schema}}.audit_prunes AS p
WHERE p.tenant_id = $1::text
ORDER BY p.epoch, p.size, p.id
