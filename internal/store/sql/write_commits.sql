-- INSERT and not COPY: COPY is refused where row-level security applies.
INSERT INTO {{schema}}.audit_commits (recorded_at, tenant_id, epoch, size, prev_size, root, frontier, note)
SELECT $1, tenant_id, epoch, size, prev_size, root, frontier, note
FROM unnest($2::text[], $3::int4[], $4::int8[], $5::int8[], $6::bytea[], $7::bytea[], $8::text[])
    AS c (tenant_id, epoch, size, prev_size, root, frontier, note)
