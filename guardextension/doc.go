// Package guardextension refuses OTLP requests whose attribute values are
// nested so deeply that decoding them would exhaust the collector's stack, or
// that are so wide or so many that they would exhaust its memory. It is
// a middleware of the otlp receiver: it reads the bytes of a request before
// anything decodes them.
//
// For receivers of messages, such as kafka, it is an encoding that does the same.
//
// It knows the shape of OTLP requests and nothing of audit records.
package guardextension
