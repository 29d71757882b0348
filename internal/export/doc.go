// Package export takes a tenant's events out of the store: it encodes rows as
// JSON Lines, CSV or OCSF while the next ones are read, and writes a file that a
// killed export can be continued in, byte for byte. What it writes proves nothing
// by itself; package bundle makes what does.
package export
