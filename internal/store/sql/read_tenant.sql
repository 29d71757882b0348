-- Gone with the transaction, so a pooled connection carries no tenant over.
SELECT pg_catalog.set_config('audit.tenant', $1, true), pg_catalog.set_config('statement_timeout', $2, true)
