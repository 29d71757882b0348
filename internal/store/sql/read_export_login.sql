-- read_export_login
SELECT session_user::text, {{schema}}.audit_login_admits($1::text)
