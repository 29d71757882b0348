// Package pglocal runs a private PostgreSQL cluster from the machine's own
// binaries, for `otelaudit dev` and for tests. The cluster lives in one
// directory, listens on a socket in a private directory and on 127.0.0.1 with a
// port of its own, asks every login for a password, never runs as root, and
// dies with the process that started it (on Linux even when that is killed).
package pglocal
