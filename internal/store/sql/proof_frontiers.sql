-- For each size, the frontier of the largest boundary at or below it: of a
-- commit, or of a prune where the commits before it are gone with their events.
SELECT wanted.ord, boundary.size, boundary.frontier
FROM unnest($3::int8[]) WITH ORDINALITY AS wanted (size, ord)
LEFT JOIN LATERAL (
    (
        SELECT c.size, c.frontier
        FROM {{schema}}.audit_commits AS c
        WHERE c.tenant_id = $1::text AND c.epoch = $2::int4 AND c.size <= wanted.size
        ORDER BY c.size DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT p.size, p.frontier
        FROM {{schema}}.audit_prunes AS p
        WHERE p.tenant_id = $1::text AND p.epoch = $2::int4 AND p.size <= wanted.size
        ORDER BY p.size DESC
        LIMIT 1
    )
    ORDER BY size DESC
    LIMIT 1
) AS boundary ON true
ORDER BY wanted.ord
