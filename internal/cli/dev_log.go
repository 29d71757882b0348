package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/epoch"
	"github.com/otelaudit/otelaudit/internal/keys"
)

// devLogName is the log of every dev directory.
const devLogName = "dev.localhost/audit"

// Where the parts of the log are in a dev directory. On a developer's machine
// all of it is in one place, which no production system should copy.
func (e *devEnvironment) keyFile() string           { return filepath.Join(e.dir, "keys", "log.key") }
func (e *devEnvironment) trustFile() string         { return filepath.Join(e.dir, "trust") }
func (e *devEnvironment) anchorFile() string        { return filepath.Join(e.dir, "anchors") }
func (e *devEnvironment) journalDir() string        { return filepath.Join(e.dir, "journal") }
func (e *devEnvironment) journalAnchorFile() string { return filepath.Join(e.dir, "journal-anchors") }

// logVariables are the lines for the collector and, with the trust file, of
// dev.env.
func (e *devEnvironment) logVariables() []string {
	return []string{
		"AUDIT_LOG_KEY_FILE=" + e.keyFile(),
		"AUDIT_ANCHOR_FILE=" + e.anchorFile(),
		"AUDIT_JOURNAL_DIR=" + e.journalDir(),
		"AUDIT_JOURNAL_ANCHOR_FILE=" + e.journalAnchorFile(),
	}
}

// prepareLog makes the key and the trust file where there are none.
func (e *devEnvironment) prepareLog() (*keys.Ring, error) {
	if err := os.MkdirAll(filepath.Dir(e.keyFile()), 0o700); err != nil {
		return nil, environmentError("", err)
	}
	ring, err := keys.LoadRing(e.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		files := keys.Files{Key: e.keyFile(), Trust: e.trustFile()}
		if _, err = files.Create(e.sys.Rand, devLogName, e.sys.Now()); err == nil {
			e.say("made a key in %s, and the trust file %s", e.keyFile(), e.trustFile())
			ring, err = keys.LoadRing(e.keyFile())
		}
	}
	if err != nil {
		return nil, environmentError("", err)
	}
	return ring, e.requireTrust(ring)
}

// requireTrust refuses a trust file with which nothing could be verified.
func (e *devEnvironment) requireTrust(ring *keys.Ring) error {
	trust, err := keys.LoadTrust(e.trustFile())
	if errors.Is(err, fs.ErrNotExist) {
		return e.rewriteTrust(ring)
	}
	if err != nil {
		return environmentError("remove the file, and it is made anew from the key", err)
	}
	trusted := make(map[string]bool)
	for _, key := range trust.Keys() {
		trusted[key.Verifier] = true
	}
	for _, public := range ring.Public() {
		if !trusted[public] {
			return environmentError("remove the file, and it is made anew from the key",
				fmt.Errorf("%s does not name the key in %s", e.trustFile(), e.keyFile()))
		}
	}
	return nil
}

// rewriteTrust makes a trust file of the keys that sign. Nobody else depends on
// it: it is the developer's own word for the developer's own key.
func (e *devEnvironment) rewriteTrust(ring *keys.Ring) error {
	var text strings.Builder
	text.WriteString(keys.TrustHeader + "\n")
	for _, public := range ring.Public() {
		key := keys.TrustedKey{Verifier: public, Log: ring.LogName()}
		text.WriteString(key.Line() + "\n")
	}
	e.say("made the trust file %s anew", e.trustFile())
	fresh := e.trustFile() + ".new"
	if err := os.WriteFile(fresh, []byte(text.String()), 0o644); err != nil { //nolint:gosec // public keys, for everybody to read
		return environmentError("", err)
	}
	if err := os.Rename(fresh, e.trustFile()); err != nil {
		return environmentError("", err)
	}
	return nil
}

// adopt brings what an earlier version of this program stored, without any
// signature, under one. A log that is behind or forged is left alone: the
// collector refuses it and says so.
func (e *devEnvironment) adopt(ctx context.Context, ring *keys.Ring) error {
	notes, err := anchor.ReadFile(e.anchorFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return environmentError("", err)
	}
	r := &recovery{
		sys:        e.sys,
		system:     systemLog{url: e.cluster.URL("dev_writer", devDatabase), schema: "public", ring: ring, notes: notes, anchors: e.anchorFile()},
		auditorURL: e.cluster.URL("dev_auditor", devDatabase),
		reason:     "stored by a version that did not sign",
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	defer r.close(ctx)
	unsealed, err := r.store.Unsealed(ctx)
	if err != nil {
		return describeDatabase(err)
	}
	if err := r.findUnrecorded(ctx); err != nil {
		return err
	}
	if len(unsealed) > 0 {
		e.say("%s of the store without a signature", counted(len(unsealed), "log"))
	}
	return e.adoptTenants(ctx, r, unsealed)
}

// adoptTenants signs what was never signed, and records what a run that was
// killed had not.
func (e *devEnvironment) adoptTenants(ctx context.Context, r *recovery, unsealed []string) error {
	sortTenants(unsealed)
	signed := 0
	for _, tenant := range unsealed {
		state, err := r.store.Examine(ctx, tenant)
		if err != nil {
			return describeDatabase(err)
		}
		if !neverSigned(&state) {
			continue
		}
		if err := r.recover(ctx, tenant); err != nil {
			return err
		}
		delete(r.unrecorded, tenant)
		signed++
	}
	if signed > 0 {
		e.say("signed the logs of %s that an earlier version had stored without", counted(signed, "tenant"))
	}
	for _, tenant := range slices.Sorted(maps.Keys(r.unrecorded)) {
		if err := r.recordMissing(ctx, tenant); err != nil {
			return err
		}
	}
	return nil
}

// neverSigned reports whether a head lacks a signature and nothing else.
func neverSigned(s *epoch.State) bool {
	return s.Unsealed && s.Forged == nil && len(s.Lost) == 0
}
