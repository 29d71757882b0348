SELECT pg_catalog.now()
