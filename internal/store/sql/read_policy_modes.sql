SELECT a.login, a.mode, a.reason FROM {{schema}}.audit_access AS a ORDER BY a.login
