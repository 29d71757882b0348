-- How much of each epoch is rolled up, and a setting for this transaction: the
-- statistics of a new partition say that reading all of it is cheap.
SELECT c.epoch::bigint, c.size
FROM (SELECT pg_catalog.set_config('enable_seqscan', 'off', true) AS off) AS setting
JOIN {{schema}}.audit_counted AS c ON setting.off = 'off'
WHERE c.tenant_id = $1
ORDER BY c.epoch
