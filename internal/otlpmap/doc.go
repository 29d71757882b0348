// Package otlpmap is the only place that knows how an audit record looks as an
// OTLP log record: which log records are audit (IsAudit), every shape and
// spelling that applications use (Decoder.Decode), the canonical form that our
// components hand to each other (Encode), and the marks of quarantine and
// sampling. Everything behind it works on record.Record.
//
// The canonical form has one attribute per field, named by the constants of
// this package. Members of actor, target, context and changes are attributes
// of their own; source, producer, original and flags are ours and are only
// believed from a trusted sender. Decoding the canonical form gives back the
// very same Record, so a second processor leaves it byte for byte.
package otlpmap
