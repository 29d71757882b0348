// Package record is the domain: the audit record, the rules its values obey,
// its canonical bytes, its leaf hash and its identity. It knows nothing of
// OTLP, SQL or clocks, so everything here is a pure function of its arguments
// and the same request gives the same bytes on every try and in every sink.
package record
