package auditconnector

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// noisyInterval is the least time between two lines about one trouble.
const noisyInterval = 30 * time.Second

// noisyLog writes the first line of a trouble at once and then one every
// noisyInterval with the number of those left out: a database that is down for
// an hour must not fill the disk that is to take the queue.
type noisyLog struct {
	logger *zap.Logger
	now    func() time.Time

	mu     sync.Mutex // guards what follows
	next   time.Time  // when the next line may be written
	silent int        // lines left out since the last one
	failed bool       // the last line was about a trouble
}

func newNoisyLog(logger *zap.Logger, now func() time.Time) *noisyLog {
	return &noisyLog{logger: logger, now: now}
}

func (l *noisyLog) warn(message string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Before(l.next) {
		l.silent++
		return
	}
	fields := []zap.Field{zap.Error(err)}
	if l.silent > 0 {
		fields = append(fields, zap.Int("same_since_last_line", l.silent))
	}
	l.logger.Warn(message, fields...)
	l.failed, l.silent, l.next = true, 0, now.Add(noisyInterval)
}

// recovered ends a trouble that was written about. A pipeline that fails every
// other request therefore gives two lines per interval and not two per request.
func (l *noisyLog) recovered(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.failed {
		return
	}
	l.logger.Info(message)
	l.failed = false
}
