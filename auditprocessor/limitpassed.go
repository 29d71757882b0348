package auditprocessor

import (
	"hash/maphash"
	"time"
)

const (
	// maxPassed bounds what is remembered of one opener: 16,384 parts are less than a
	// megabyte. A part beyond is charged each time its request comes.
	maxPassed = 16_384
	// passedFor is how long a part is remembered after it came last. Clients are told
	// to come again within seconds, and wait a minute or two where they wait longer.
	passedFor = 10 * time.Minute
)

// passed holds the parts of refused requests that were passed on and charged, and
// until when they are remembered, in nanoseconds since 1970. A part that comes
// again is held back without charge until its whole request is taken. Then it is
// forgotten, so that one charge lets the same records pass twice at most: for the
// store they are duplicates the second time.
type passed struct {
	until map[uint64]int64
	swept int64
}

func (p *passed) has(part uint64, now int64) bool {
	if until, there := p.until[part]; !there || until < now {
		return false
	}
	p.until[part] = now + int64(passedFor)
	return true
}

func (p *passed) add(part uint64, now int64) {
	if p.until == nil {
		p.until = map[uint64]int64{}
	}
	if len(p.until) >= maxPassed && !p.sweep(now) {
		return
	}
	p.until[part] = now + int64(passedFor)
}

func (p *passed) forget(part uint64) { delete(p.until, part) }

// sweep makes room, at most once a second.
func (p *passed) sweep(now int64) (room bool) {
	if now-p.swept < int64(time.Second) {
		return false
	}
	p.swept = now
	for part, until := range p.until {
		if until < now {
			delete(p.until, part)
		}
	}
	return len(p.until) < maxPassed
}

// seed makes parts unpredictable: nobody finds two that are alike.
var seed = maphash.MakeSeed()

// partOf is what the records of a tenant are known by: their order, identities
// and sizes, each chained to those before.
func partOf(before uint64, identity string, bytes int64) uint64 {
	return maphash.Comparable(seed, struct {
		before   uint64
		identity string
		bytes    int64
	}{before, identity, bytes})
}
