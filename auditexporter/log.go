package auditexporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/seal"
)

// errLogRefused is what a client hears of a tenant whose log is not accepted.
var errLogRefused = errors.New("the store's log of the tenant is not the one that this collector may continue, and the collector's log says why")

// signedLog is the log that the exporter signs, with its anchors. Safe for
// concurrent use.
type signedLog struct {
	sealer  *seal.Sealer
	anchors *anchor.File // nil: none
	logger  *zap.Logger
	now     func() time.Time
	counts  *counts

	logEvery time.Duration // 0: checkpoints are not logged
	stopping chan struct{}
	once     sync.Once

	mu     sync.Mutex           // guards the rest
	said   map[string]time.Time // what was said in the last minute
	unsaid int
}

const (
	// anchorSync is how often the anchor file is made durable. Its lines are
	// written before the events are acknowledged, so they outlive the collector;
	// for so long they may not outlive the machine.
	anchorSync = time.Second
	// anchorLines bounds the checkpoints logged at a time; the others follow.
	anchorLines = 10_000
	// sayLines bounds the errors logged within sayEvery.
	sayLines = 20
)

// openLog reads the keys and opens the anchor file. It returns nil where
// integrity is off.
func openLog(cfg IntegrityConfig, logger *zap.Logger, now func() time.Time, c *counts) (*signedLog, error) {
	if cfg.Mode == integrityOff {
		logger.Warn("integrity::mode is off: commits are not signed, and changes of the store cannot be proven")
		return nil, nil
	}
	ring, err := cfg.ring()
	if err != nil {
		return nil, err
	}
	l := &signedLog{logger: logger, now: now, counts: c, stopping: make(chan struct{}), said: make(map[string]time.Time)}
	if cfg.AnchorFile != "" {
		if l.anchors, err = anchor.Open(cfg.AnchorFile); err != nil {
			return nil, fmt.Errorf("integrity::anchor_file: %w", err)
		}
	} else {
		logger.Warn("integrity::anchor_file is not set: that the store has gone back is noticed only while this collector runs, and not after a restart")
	}
	if cfg.AnchorLog {
		l.logEvery = cfg.AnchorInterval
	}
	l.sealer = seal.New(seal.Options{Ring: ring, Anchors: l.anchors, Observer: l, Now: now, CollectChanges: cfg.AnchorLog})
	logger.Info("commits are signed", zap.String("log", ring.LogName()), zap.Strings("keys", ring.Public()))
	return l, nil
}

// run keeps the anchors until stop.
func (l *signedLog) run(ctx context.Context) {
	sync := time.NewTicker(anchorSync)
	defer sync.Stop()
	var due <-chan time.Time
	if l.logEvery > 0 {
		every := time.NewTicker(l.logEvery)
		defer every.Stop()
		due = every.C
	}
	for {
		select {
		case <-sync.C:
			l.flush()
		case <-due:
			l.logChanges()
		case <-l.stopping:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (l *signedLog) stop() { l.once.Do(func() { close(l.stopping) }) }

// close anchors the last commits. Nobody commits any more.
func (l *signedLog) close() {
	l.flush()
	if l.logEvery > 0 {
		l.logChanges()
	}
	if l.anchors != nil {
		if err := l.anchors.Close(); err != nil {
			l.AnchorFailed(err)
		}
	}
}

func (l *signedLog) flush() {
	if err := l.sealer.Flush(); err != nil {
		l.AnchorFailed(err)
	}
}

// logChanges writes the newest checkpoints into the log, which is an anchor
// where the log is out of the database administrator's reach.
func (l *signedLog) logChanges() {
	for _, note := range l.sealer.Changes(anchorLines) {
		l.logger.Info("audit checkpoint", zap.String("checkpoint", string(note)))
	}
}

// Refused implements seal.Observer.
func (l *signedLog) Refused(err error) {
	l.counts.headRefused(seal.Reason(err))
	l.say("audit records of a tenant are refused, those of others are stored: " + err.Error())
}

// Unacknowledged implements seal.Observer.
func (l *signedLog) Unacknowledged(err error) {
	l.counts.rollbackDetected()
	l.say("a new epoch begins, and less is said to be lost than is: " + err.Error())
}

// Sealed implements seal.Observer.
func (l *signedLog) Sealed(commits int, largest int64) { l.counts.sealed(commits, largest) }

// AnchorFailed implements seal.Observer.
func (l *signedLog) AnchorFailed(err error) {
	l.counts.anchorFailed()
	l.say("checkpoints are not anchored, which is tried again every second; records are stored and signed: integrity::anchor_file: " + err.Error())
}

// say logs an error: the same at most once a minute, and not too many of them.
func (l *signedLog) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for other, at := range l.said {
		if now.Sub(at) >= sayEvery {
			delete(l.said, other)
		}
	}
	if _, ok := l.said[text]; ok || len(l.said) >= sayLines {
		l.unsaid++
		return
	}
	l.logger.Error(text, zap.Int("errors_not_logged", l.unsaid))
	l.said[text], l.unsaid = now, 0
}
