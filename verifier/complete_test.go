package verifier_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/bundle"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/record"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// maker makes bundles in memory, as somebody can who holds the log's key and
// leaves out what he likes.
type maker struct {
	provetest.Keys
	records [][]byte
	header  bundle.Header
}

func newMaker(t *testing.T, filter bundle.Filter) *maker {
	t.Helper()
	m := &maker{Keys: provetest.NewKeys(t, "a")}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 12 {
		rec := provetest.Arbitrary(random, "acme", i)
		rec.Action = []string{"user.login", "invoice.create"}[i%2]
		require.Nil(t, rec.Normalize())
		m.records = append(m.records, rec.AppendCanonical(nil))
	}
	m.header = bundle.Header{Log: provetest.LogName, TenantID: "acme", Filter: filter, Keys: m.Ring.Public(), Epochs: []bundle.Epoch{{Checkpoint: m.checkpoint(t, 12)}}}
	return m
}

func (m *maker) tree(size int) (f merkle.Frontier) {
	for _, canonical := range m.records[:size] {
		f.Append(merkle.LeafHash(canonical))
	}
	return f
}

func (m *maker) sign(t *testing.T, text string) string {
	t.Helper()
	note, err := m.Ring.Sign(text)
	require.NoError(t, err)
	return string(note)
}

func (m *maker) checkpoint(t *testing.T, size int) string {
	t.Helper()
	f := m.tree(size)
	c := merkle.Checkpoint{Origin: merkle.TenantOrigin(provetest.LogName, "acme", 0), Size: f.Size(), Root: f.Root(), RecordedAt: begin}
	return m.sign(t, c.Text())
}

// announce puts the announcement of a removal into the header.
func (m *maker) announce(t *testing.T, tenant, payload, note string) {
	t.Helper()
	parsed, err := record.ParseJSON([]byte(payload))
	require.NoError(t, err)
	rec := &record.Record{TenantID: tenant, EventID: "p", Action: "audit.prune", Outcome: record.OutcomeSuccess, Payload: parsed, TimeUnixNano: 1}
	canonical := rec.AppendCanonical(nil)
	c := merkle.Checkpoint{Origin: merkle.TenantOrigin(provetest.LogName, tenant, 0), Size: 1, Root: merkle.LeafHash(canonical), RecordedAt: begin}
	proof := merkle.Proof{Note: []byte(m.sign(t, c.Text()))}
	epoch := &m.header.Epochs[0]
	epoch.Removals = append(epoch.Removals, bundle.Removal{Record: string(canonical), Proof: string(proof.Marshal()), Note: note})
}

// write takes an entry ('e'), leaves it out ('-') or says that it was removed
// ('r'); 'p' begins with what was pruned.
func (m *maker) write(t *testing.T, what string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := bundle.NewWriter(&out, m.header, bundle.Known{Ring: m.Ring})
	require.NoError(t, err)
	if pruned := strings.Count(what, "p"); pruned > 0 {
		f := m.tree(pruned)
		w.Pruned(&f)
	}
	for i, do := range what {
		switch do {
		case 'e':
			require.NoError(t, w.Event(begin, m.records[i]))
		case '-':
			w.Skip(merkle.LeafHash(m.records[i]))
		case 'r':
			w.Removed(merkle.LeafHash(m.records[i]))
		}
	}
	for range m.header.Epochs {
		require.NoError(t, w.End())
	}
	_, err = w.Close(m.Ring, begin)
	require.NoError(t, err)
	return write(t, "bundle", out.Bytes())
}

// What the Go code refuses, the second verifier refuses by itself: an event that
// the filter does not take, and one that is missing where all must be there.
func TestWhatIsNotInABundleIsLookedAt(t *testing.T) {
	epoch, first, last := int32(0), int64(2), int64(5)
	seqs := bundle.Filter{Epoch: &epoch, FirstSeq: &first, LastSeq: &last}
	prune := func(t *testing.T, m *maker) {
		t.Helper()
		m.header.Epochs[0].Pruned = 3
		m.announce(t, "_system", `{"tenant": "acme", "epoch": 0, "size": 3}`, m.checkpoint(t, 3))
	}
	single := func(t *testing.T, m *maker) {
		t.Helper()
		m.announce(t, "_system", `{"tenant": "acme", "epoch": 0, "seqs": [4, [6, 8]]}`, "")
	}
	nothing := func(*testing.T, *maker) {}
	for name, test := range map[string]struct {
		filter bundle.Filter
		header func(*testing.T, *maker)
		what   string
		want   string // of "complete", or of the refusal
	}{
		"all":                      {bundle.Filter{}, nothing, "eeeeeeeeeeee", "complete: 'proven'"},
		"all but one":              {bundle.Filter{}, nothing, "eeeee-eeeeee", "seq 5 is missing, and no announcement removed it"},
		"all but the last":         {bundle.Filter{}, nothing, "eeeeeeeeeee-", "seq 11 is missing, and no announcement removed it"},
		"all but the first":        {bundle.Filter{}, nothing, "-eeeeeeeeeee", "seq 0 is missing, and no announcement removed it"},
		"a range":                  {seqs, nothing, "--eeee------", "complete: 'proven'"},
		"a range but one":          {seqs, nothing, "--ee-e------", "seq 4 is missing, and no announcement removed it"},
		"more than a range":        {seqs, nothing, "--eeeee-----", "seq 6 does not match the filter: seq"},
		"some":                     {bundle.Filter{Action: "user.login"}, nothing, "e-e-e-e-e-e-", "complete: 'attested'"},
		"another":                  {bundle.Filter{Action: "user.login"}, nothing, "e-ee--------", "seq 3 does not match the filter: action"},
		"another prefix":           {bundle.Filter{ActionPrefix: "user."}, nothing, "e-ee--------", "seq 3 does not match the filter: action_prefix"},
		"another actor":            {bundle.Filter{ActorID: "nobody"}, nothing, "e-----------", "seq 0 does not match the filter: actor_id"},
		"too late":                 {bundle.Filter{Until: time.Unix(1, 0).UTC()}, nothing, "e-----------", "seq 0 does not match the filter: until"},
		"too early":                {bundle.Filter{Since: begin.Add(time.Hour)}, nothing, "e-----------", "seq 0 does not match the filter: since"},
		"pruned":                   {bundle.Filter{}, prune, "pppeeeeeeeee", "complete: 'proven from seq 3 of epoch 0'"},
		"pruned, and one is left":  {bundle.Filter{}, prune, "ppp-eeeeeeee", "seq 3 is missing, and no announcement removed it"},
		"removed":                  {bundle.Filter{}, single, "eeeererreeee", ""},
		"removed one by one":       {bundle.Filter{}, single, "eeeererreeee", ""},
		"removed, and one more":    {bundle.Filter{}, single, "eeeererrreee", "seq 8 is missing, and no announcement removed it"},
		"left out, not removed":    {bundle.Filter{}, single, "eeee-errreee", "seq 8 is missing, and no announcement removed it"},
		"fewer than the manifest":  {bundle.Filter{}, single, "eeee-erreeee", "3 events were removed one by one, the manifest says 2"},
		"removed of no range":      {seqs, single, "--eere------", "complete: 'attested'"},
		"announced and still here": {bundle.Filter{}, single, "eeeeeeeeeeee", "complete: 'proven'"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMaker(t, test.filter)
			test.header(t, m)
			path := m.write(t, test.what)
			code, stdout, stderr := run(t, "bundle", m.TrustFile, path)
			want := test.want
			if want == "" {
				want = "complete: 'attested'"
			}
			if strings.HasPrefix(want, "complete: ") {
				require.Zero(t, code, stderr)
				require.Contains(t, stdout, want)
				return
			}
			require.Equal(t, 1, code, stdout)
			require.Contains(t, stderr, want)
			_, err := bundle.Verify(bytes.NewReader(read(t, path)), m.Trust)
			require.Error(t, err)
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

// An epoch that was written without signatures is under the statement that opens
// the next one.
func TestAnAdoptedEpoch(t *testing.T) {
	for name, holds := range map[string]bool{"as it is": true, "another root": false} {
		t.Run(name, func(t *testing.T) {
			m := newMaker(t, bundle.Filter{})
			f := m.tree(12)
			s := merkle.EpochStatement{
				Origin: merkle.TenantOrigin(provetest.LogName, "acme", 1), PreviousOrigin: merkle.TenantOrigin(provetest.LogName, "acme", 0),
				PreviousSize: 12, PreviousRoot: f.Root(), RecordedAt: begin, Reason: "integrity was off",
			}
			m.header.Epochs = []bundle.Epoch{{}, {Epoch: 1, Opening: m.sign(t, s.Text())}}
			path := m.write(t, "eeeeeeeeeeee")
			if !holds {
				s.PreviousRoot[0] ^= 1
				text := fmt.Sprintf("%q", m.sign(t, s.Text()))
				old := fmt.Sprintf("%q", m.header.Epochs[1].Opening)
				path = write(t, "bundle", bytes.Replace(read(t, path), []byte(old), []byte(text), 1))
			}
			code, stdout, stderr := run(t, "bundle", m.TrustFile, path)
			if holds {
				require.Zero(t, code, stderr)
				require.Contains(t, stdout, "count: 12")
				return
			}
			require.Equal(t, 1, code)
			require.Contains(t, stderr, "the events do not lead to the root of ")
		})
	}
}

// The fixture of the format's first version has been pruned, and has two epochs.
func TestAPrunedJournal(t *testing.T) {
	k := provetest.NewKeys(t, "fixture")
	for name, test := range map[string]struct {
		change func(t *testing.T, directory string)
		want   string
	}{
		"as it is":     {func(*testing.T, string) {}, ""},
		"no statement": {func(t *testing.T, d string) { require.NoError(t, os.Remove(filepath.Join(d, "pruned"))) }, "segments in front of 2 are missing"},
		"more is gone": {func(t *testing.T, d string) {
			require.NoError(t, os.Remove(filepath.Join(d, "segment-000000000002.jsonl")))
		}, "the journal does not begin where it was pruned"},
		"an edited statement": {func(t *testing.T, d string) {
			edit(t, filepath.Join(d, "pruned"), func(text []byte) []byte { return bytes.Replace(text, []byte(`"last":1`), []byte(`"last":2`), 1) })
		}, "a signature does not fit its text"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			require.NoError(t, os.CopyFS(directory, os.DirFS("../internal/journal/testdata/v1")))
			test.change(t, directory)
			code, stdout, stderr := runJournal(t, k.TrustFile, directory)
			if test.want == "" {
				require.Zero(t, code, stderr)
				require.Contains(t, stdout, "entries: 8")
				return
			}
			require.Equal(t, 1, code)
			require.Contains(t, stderr, test.want)
		})
	}
}
