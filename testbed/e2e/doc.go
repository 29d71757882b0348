// Package e2e holds the end-to-end tests: the built collector as a child
// process, a private PostgreSQL, real clients. What is asserted is what a client
// was told and what the database holds, nothing inside the collector. Run make
// build first; without bin/otelcol-audit or PostgreSQL the tests fail.
package e2e
