-- The default first; without a row it is the one that the store has by itself.
SELECT a.login, a.mode, a.reason, a.updated_at, a.updated_by FROM {{schema}}.audit_access AS a ORDER BY a.login
