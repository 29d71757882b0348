-- Who has the rights of each group role, however the membership came about.
-- Superusers are members of everything; they stand under their own name.
SELECT g.rolname, l.rolname
FROM pg_catalog.pg_roles AS g
JOIN pg_catalog.pg_roles AS l ON l.rolcanlogin AND NOT l.rolsuper AND pg_catalog.pg_has_role(l.oid, g.oid, 'MEMBER')
WHERE g.rolname = ANY ($1::text[])
UNION ALL
SELECT 'superuser', l.rolname FROM pg_catalog.pg_roles AS l WHERE l.rolcanlogin AND l.rolsuper
UNION ALL
SELECT 'bypassrls', l.rolname FROM pg_catalog.pg_roles AS l WHERE l.rolcanlogin AND l.rolbypassrls AND NOT l.rolsuper
ORDER BY 1, 2
