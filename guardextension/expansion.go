package guardextension

import "math"

// expansion is what the records of a logs request take once each of them has its
// own copy of the resource and the scope that it stands in, as every audit record
// has, in bytes beyond the request's own. A resource may come before its records or
// after them, and in parts.
type expansion struct {
	limit           int64
	bytes           int64 // so far
	resource, scope shared
}

// shared is what is said once for several records.
type shared struct{ bytes, records int64 }

func newExpansion() expansion { return expansion{limit: math.MaxInt64} }

// nextResource and nextScope begin with the next ones.
func (e *expansion) nextResource() { e.resource, e.scope = shared{}, shared{} }
func (e *expansion) nextScope()    { e.scope = shared{} }

// record takes note of a record.
func (e *expansion) record() error {
	e.resource.records++
	e.scope.records++
	return e.add(e.resource.bytes+e.scope.bytes, 1)
}

// growResource takes note of what a resource takes, growScope of a scope.
func (e *expansion) growResource(bytes int64) error {
	e.resource.bytes += bytes
	return e.add(bytes, e.resource.records)
}

func (e *expansion) growScope(bytes int64) error {
	e.scope.bytes += bytes
	return e.add(bytes, e.scope.records)
}

// add never overflows: each is at most what was read of the request, or what a
// length in it says, which is less than the request may have.
func (e *expansion) add(bytes, times int64) error {
	if times > 0 && bytes > (e.limit-e.bytes)/times {
		return errTooBroad
	}
	e.bytes += bytes * times
	return nil
}
