-- Needs no right but SELECT. ONLY: a partition is locked when it is read.
LOCK TABLE ONLY {{schema}}.audit_events IN ACCESS SHARE MODE
