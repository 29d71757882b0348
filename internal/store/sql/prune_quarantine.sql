SELECT {{schema}}.audit_prune_quarantine($1::integer)
