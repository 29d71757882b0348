-- Gone with the transaction, so a pooled connection carries no tenant over.
-- Statements are planned with their values, whoever prepares them. They are not
-- compiled: over many partitions that takes longer than running them.
SELECT pg_catalog.set_config('audit.tenant', $1, true), pg_catalog.set_config('statement_timeout', $2, true),
    pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true), pg_catalog.set_config('jit', 'off', true)
