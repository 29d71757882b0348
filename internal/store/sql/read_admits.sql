SELECT {{schema}}.audit_login_admits($1)
