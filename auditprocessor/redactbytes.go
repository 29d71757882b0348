package auditprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/stage"
)

// holdsBytes reports whether a log record has a value of bytes anywhere. They
// become base64 when the record is decoded, in which no rule finds anything, so
// they have to be masked before that.
func holdsBytes(lr plog.LogRecord) bool {
	return bytesBelow(lr.Body()) || bytesIn(lr.Attributes())
}

func bytesIn(m pcommon.Map) bool {
	for _, v := range m.All() {
		if bytesBelow(v) {
			return true
		}
	}
	return false
}

func bytesBelow(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeBytes:
		return true
	case pcommon.ValueTypeMap:
		return bytesIn(v.Map())
	case pcommon.ValueTypeSlice:
		for _, element := range v.Slice().All() {
			if bytesBelow(element) {
				return true
			}
		}
	default:
	}
	return false
}

// bytes masks inside bytes that hold JSON or match a value pattern; those turn
// into text. It returns how many values it masked.
func (r *logRedactor) bytes(lr plog.LogRecord) int {
	w := r.rules.Walk()
	maskBytes(&w, lr.Body())
	maskBytesIn(&w, lr.Attributes())
	return w.Masked()
}

// outerOf returns the resource and the scope to decode with: copies without
// secrets in bytes where there are bytes at all, because what came is still
// needed for digests and for ordinary records.
func (r *request) outerOf(resource pcommon.Resource, scope pcommon.InstrumentationScope) (pcommon.Resource, pcommon.InstrumentationScope) {
	if r.logs == nil {
		return resource, scope
	}
	if bytesIn(resource.Attributes()) {
		masked := pcommon.NewResource()
		resource.CopyTo(masked)
		w := r.redactor.Walk()
		maskBytesIn(&w, masked.Attributes())
		resource = masked
	}
	if bytesIn(scope.Attributes()) {
		masked := pcommon.NewInstrumentationScope()
		scope.CopyTo(masked)
		w := r.redactor.Walk()
		maskBytesIn(&w, masked.Attributes())
		scope = masked
	}
	return resource, scope
}

func maskBytesIn(w *stage.Walk, m pcommon.Map) {
	for _, v := range m.All() {
		maskBytes(w, v)
	}
}

func maskBytes(w *stage.Walk, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeBytes:
		maskScalar(w, v)
	case pcommon.ValueTypeMap:
		maskBytesIn(w, v.Map())
	case pcommon.ValueTypeSlice:
		for _, element := range v.Slice().All() {
			maskBytes(w, element)
		}
	default:
	}
}
