-- read_export_session
-- Gone with the transaction. Pages must come from the primary key whatever the
-- statistics say: a plan that sorts a tenant for every page would never end.
SELECT
    pg_catalog.set_config('audit.tenant', $1, true),
    pg_catalog.set_config('statement_timeout', $2, true),
    pg_catalog.set_config('client_encoding', 'UTF8', true),
    pg_catalog.set_config('enable_seqscan', 'off', true),
    pg_catalog.set_config('enable_bitmapscan', 'off', true),
    pg_catalog.set_config('enable_sort', 'off', true),
    pg_catalog.set_config('jit', 'off', true),
    pg_catalog.set_config('max_parallel_workers_per_gather', '0', true)
