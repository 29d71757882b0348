SELECT {{schema}}.audit_roll_counts($1, $2)
