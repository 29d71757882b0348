package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/bundle"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

const logName = "audit.example.com/test"

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// signing is a log's key with the trust file that believes it.
type signing struct {
	ring  *keys.Ring
	trust *keys.Trust
}

func newSigning(t testing.TB, seed string) signing {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	private, public, err := keys.Generate(bytes.NewReader(sum[:]), logName)
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private + "\n"))
	require.NoError(t, err)
	trust, err := keys.ParseTrust([]byte(keys.TrustHeader + "\n" + public + " " + logName + " - -\n"))
	require.NoError(t, err)
	return signing{ring, trust}
}

func (s signing) sign(t testing.TB, text string) string {
	t.Helper()
	signed, err := s.ring.Sign(text)
	require.NoError(t, err)
	return string(signed)
}

// entry is an event of an epoch in memory.
type entry struct {
	canonical []byte
	at        time.Time
	skip      bool // the filter does not want it
	removed   bool
}

// log is a tenant's log in memory.
type log struct {
	tenant string
	epochs [][]entry
	pruned []int64
}

func (l *log) frontier(epoch int, size int64) merkle.Frontier {
	var f merkle.Frontier
	for _, e := range l.epochs[epoch][:size] {
		f.Append(merkle.LeafHash(e.canonical))
	}
	return f
}

func (l *log) header(t testing.TB, s signing, filter bundle.Filter) bundle.Header {
	t.Helper()
	h := bundle.Header{Log: logName, TenantID: l.tenant, Filter: filter, Keys: s.ring.Public()}
	for i, entries := range l.epochs {
		f := l.frontier(i, int64(len(entries)))
		at := begin.Add(time.Duration(i+1) * time.Hour)
		epoch := bundle.Epoch{Epoch: int32(i), Pruned: l.pruned[i]}
		c := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, l.tenant, int32(i)), Size: f.Size(), Root: f.Root(), RecordedAt: at}
		epoch.Checkpoint = s.sign(t, c.Text())
		if i > 0 {
			before := l.frontier(i-1, int64(len(l.epochs[i-1])))
			statement := merkle.EpochStatement{
				Origin: c.Origin, PreviousOrigin: merkle.TenantOrigin(logName, l.tenant, int32(i-1)),
				PreviousSize: before.Size(), PreviousRoot: before.Root(), RecordedAt: at, Reason: "test",
			}
			require.NoError(t, statement.Check())
			epoch.Opening = s.sign(t, statement.Text())
		}
		epoch.Removals = l.removals(t, s, i)
		h.Epochs = append(h.Epochs, epoch)
	}
	return h
}

// removals is the evidence for what is gone of an epoch.
func (l *log) removals(t testing.TB, s signing, epoch int) []bundle.Removal {
	t.Helper()
	var found []bundle.Removal
	if pruned := l.pruned[epoch]; pruned > 0 {
		f := l.frontier(epoch, pruned)
		c := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, l.tenant, int32(epoch)), Size: pruned, Root: f.Root(), RecordedAt: begin}
		r := announce(t, s, l.tenant, epoch, fmt.Sprintf(`"size":%d`, pruned))
		r.Note = s.sign(t, c.Text())
		found = append(found, r)
	}
	var seqs []string
	for seq, e := range l.epochs[epoch] {
		if e.removed {
			seqs = append(seqs, strconv.Itoa(seq))
		}
	}
	if len(seqs) > 0 {
		found = append(found, announce(t, s, l.tenant, epoch, `"seqs":[`+strings.Join(seqs, ",")+`]`))
	}
	return found
}

// announce makes a log of _system with one event, which announces a removal.
func announce(t testing.TB, s signing, tenant string, epoch int, what string) bundle.Removal {
	t.Helper()
	name, err := json.Marshal(tenant)
	require.NoError(t, err)
	payload, err := record.ParseJSON(fmt.Appendf(nil, `{"tenant":%s,"epoch":%d,%s}`, name, epoch, what))
	require.NoError(t, err)
	rec := &record.Record{TenantID: "_system", EventID: "prune-1", Action: "audit.prune", Outcome: record.OutcomeSuccess, Payload: payload, TimeUnixNano: 1}
	return system(t, s, rec)
}

func system(t testing.TB, s signing, rec *record.Record) bundle.Removal {
	t.Helper()
	canonical := rec.AppendCanonical(nil)
	c := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, rec.TenantID, 0), Size: 1, Root: merkle.LeafHash(canonical), RecordedAt: begin}
	proof := merkle.Proof{Note: []byte(s.sign(t, c.Text()))}
	return bundle.Removal{Record: string(canonical), Proof: string(proof.Marshal())}
}

func (l *log) write(t testing.TB, s signing, filter bundle.Filter) []byte {
	t.Helper()
	return l.writeUnder(t, s, l.header(t, s, filter))
}

func (l *log) writeUnder(t testing.TB, s signing, header bundle.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := bundle.NewWriter(&out, header, bundle.Known{Ring: s.ring})
	require.NoError(t, err)
	for i, entries := range l.epochs {
		if l.pruned[i] > 0 {
			f := l.frontier(i, l.pruned[i])
			w.Pruned(&f)
		}
		for _, e := range entries[l.pruned[i]:] {
			switch {
			case e.removed:
				w.Removed(merkle.LeafHash(e.canonical))
			case e.skip:
				w.Skip(merkle.LeafHash(e.canonical))
			default:
				require.NoError(t, w.Event(e.at, e.canonical))
			}
		}
		require.NoError(t, w.End())
	}
	_, err = w.Close(s.ring, begin.Add(24*time.Hour))
	require.NoError(t, err)
	return out.Bytes()
}

// wanted is the action of the events that a filter takes.
const wanted = "wanted.action"

// randomLog has epochs of up to size events; those to be skipped have another
// action.
func randomLog(random *rand.Rand, tenant string, epochs, size int) *log {
	l := &log{tenant: tenant}
	for i := range epochs {
		at := begin.Add(time.Duration(i) * time.Hour)
		entries := make([]entry, 1+random.IntN(size))
		density := random.Float64()
		for k := range entries {
			rec := recordtest.Arbitrary(random)
			rec.TenantID, rec.EventID = tenant, fmt.Sprintf("%d-%d", i, k)
			e := &entries[k]
			e.skip = random.Float64() < density
			if e.removed = !e.skip && random.IntN(9) == 0; !e.skip {
				rec.Action = wanted
			}
			if random.IntN(4) == 0 {
				at = at.Add(time.Second)
			}
			e.canonical, e.at = rec.AppendCanonical(nil), at
		}
		pruned := int64(0)
		if random.IntN(3) == 0 {
			pruned = random.Int64N(int64(len(entries)) + 1)
		}
		l.epochs, l.pruned = append(l.epochs, entries), append(l.pruned, pruned)
	}
	return l
}

func (l *log) counts() (events, removed int64) {
	for i, entries := range l.epochs {
		for _, e := range entries[l.pruned[i]:] {
			switch {
			case e.removed:
				removed++
			case !e.skip:
				events++
			}
		}
	}
	return events, removed
}

func TestABundleOfAnySelectionVerifies(t *testing.T) {
	s := newSigning(t, "a")
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		l := randomLog(random, "acme \u2028<&>", 1+random.IntN(3), 70)
		events, removed := l.counts()
		written := l.write(t, s, bundle.Filter{Action: wanted})
		report, err := bundle.Verify(bytes.NewReader(written), s.trust)
		require.NoError(t, err, string(written))
		require.Equal(t, events, report.Events)
		require.Equal(t, removed, report.Removed)
		require.Equal(t, bundle.Attested, report.Complete())
		require.Len(t, report.Epochs, len(l.epochs))
	}
}

func TestABundleOfEverythingNeedsNoHash(t *testing.T) {
	s := newSigning(t, "a")
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		l := randomLog(random, "acme", 1+random.IntN(2), 70)
		for i := range l.epochs {
			l.pruned[i] = 0
			for k := range l.epochs[i] {
				l.epochs[i][k].skip, l.epochs[i][k].removed = false, false
			}
		}
		written := l.write(t, s, bundle.Filter{})
		require.NotContains(t, string(written), `"proof":["`)
		report, err := bundle.Verify(bytes.NewReader(written), s.trust)
		require.NoError(t, err)
		require.Equal(t, bundle.Proven, report.Complete())
		size := int64(0)
		for _, epoch := range report.Epochs {
			require.Equal(t, epoch.Size, epoch.Events)
			size += epoch.Size
		}
		require.Equal(t, size, report.Events)
	}
}

// A maker who leaves an event out of a bundle that is said to hold them all can
// sign that, but not make it verify.
func TestLeavingOneOutOfEverythingIsFound(t *testing.T) {
	s := newSigning(t, "a")
	random := rand.New(rand.NewPCG(5, 6))
	l := randomLog(random, "acme", 1, 70)
	l.pruned[0] = 0
	for k := range l.epochs[0] {
		l.epochs[0][k].skip, l.epochs[0][k].removed = k == 1, false
	}
	_, err := bundle.Verify(bytes.NewReader(l.write(t, s, bundle.Filter{})), s.trust)
	require.ErrorContains(t, err, "some are missing that the filter takes")
	epoch, first, last := int32(0), int64(2), int64(4)
	filter := bundle.Filter{Epoch: &epoch, FirstSeq: &first, LastSeq: &last}
	for k := range l.epochs[0] {
		l.epochs[0][k].skip = k < 2 || k > 4
	}
	report, err := bundle.Verify(bytes.NewReader(l.write(t, s, filter)), s.trust)
	require.NoError(t, err)
	require.Equal(t, bundle.Proven, report.Complete())
	require.EqualValues(t, 3, report.Events)
	l.epochs[0][3].skip = true
	_, err = bundle.Verify(bytes.NewReader(l.write(t, s, filter)), s.trust)
	require.ErrorContains(t, err, "of the entries 3 to 3 some are missing that the filter takes")
}

// What is gone is in a bundle only with the proof that it was meant to go: the
// maker can neither count something as removed nor call a bundle complete that
// begins behind a prune.
func TestNothingIsRemovedWithoutEvidence(t *testing.T) {
	s, stranger := newSigning(t, "a"), newSigning(t, "b")
	random := rand.New(rand.NewPCG(9, 10))
	fresh := func() *log {
		l := &log{tenant: "acme", epochs: [][]entry{make([]entry, 9)}, pruned: []int64{4}}
		for i := range l.epochs[0] {
			l.epochs[0][i] = randomLog(random, "acme", 1, 1).epochs[0][0]
			l.epochs[0][i].at, l.epochs[0][i].skip, l.epochs[0][i].removed = begin, false, i == 6
		}
		return l
	}
	known := bundle.Known{Ring: s.ring}
	l := fresh()
	h := l.header(t, s, bundle.Filter{})
	_, err := bundle.NewWriter(io.Discard, h, known)
	require.NoError(t, err)
	report, err := bundle.Verify(bytes.NewReader(l.write(t, s, bundle.Filter{})), s.trust)
	require.NoError(t, err)
	require.Equal(t, bundle.Attested, report.Complete(), "something was removed one by one")
	l.epochs[0][6].removed = false
	report, err = bundle.Verify(bytes.NewReader(l.write(t, s, bundle.Filter{})), s.trust)
	require.NoError(t, err)
	require.Equal(t, "proven from seq 4", report.Complete())
	epoch, first := int32(0), int64(5)
	l.epochs[0][4].skip = true
	report, err = bundle.Verify(bytes.NewReader(l.write(t, s, bundle.Filter{Epoch: &epoch, FirstSeq: &first})), s.trust)
	require.NoError(t, err)
	require.Equal(t, bundle.Proven, report.Complete(), "the range begins behind what was pruned")

	notSystem, err := record.ParseCanonical([]byte(h.Epochs[0].Removals[0].Record))
	require.NoError(t, err)
	notSystem.TenantID = "acme"
	for name, change := range map[string]func(e *bundle.Epoch){
		"no evidence":              func(e *bundle.Epoch) { e.Removals = nil },
		"none of the prune":        func(e *bundle.Epoch) { e.Removals = e.Removals[1:] },
		"twice":                    func(e *bundle.Epoch) { e.Removals = append(e.Removals, e.Removals[0]) },
		"more pruned":              func(e *bundle.Epoch) { e.Pruned = 5 },
		"nothing pruned":           func(e *bundle.Epoch) { e.Pruned = 0 },
		"of another tenant":        func(e *bundle.Epoch) { announced(e, announce(t, s, "other", 0, `"size":4`)) },
		"of another epoch":         func(e *bundle.Epoch) { announced(e, announce(t, s, "acme", 1, `"size":4`)) },
		"of another size":          func(e *bundle.Epoch) { announced(e, announce(t, s, "acme", 0, `"size":3`)) },
		"by a stranger":            func(e *bundle.Epoch) { announced(e, announce(t, stranger, "acme", 0, `"size":4`)) },
		"in the tenant's own log":  func(e *bundle.Epoch) { announced(e, system(t, s, notSystem)) },
		"a record that is not it":  func(e *bundle.Epoch) { e.Removals[0].Record = e.Removals[1].Record },
		"checkpoint of all events": func(e *bundle.Epoch) { e.Removals[0].Note = e.Checkpoint },
		"checkpoint of a stranger": func(e *bundle.Epoch) { e.Removals[0].Note = strings.Replace(e.Removals[0].Note, "\n4\n", "\n5\n", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			h := fresh().header(t, s, bundle.Filter{})
			change(&h.Epochs[0])
			_, err := bundle.NewWriter(io.Discard, h, known)
			require.ErrorContains(t, err, "removals of epoch 0: a removal is not proven: ")
		})
	}

	// Removed, and announced was another one.
	l.epochs[0][4].skip = false
	h = l.header(t, s, bundle.Filter{})
	h.Epochs[0].Removals = append(h.Epochs[0].Removals, announce(t, s, "acme", 0, `"seqs":[5]`))
	l.epochs[0][6].removed = true
	_, err = bundle.Verify(bytes.NewReader(l.writeUnder(t, s, h)), s.trust)
	require.ErrorContains(t, err, "of the entries 6 to 6 some are missing that the filter takes")
}

func announced(e *bundle.Epoch, r bundle.Removal) {
	e.Removals[0].Record, e.Removals[0].Proof = r.Record, r.Proof
}

func smallBundle(t testing.TB, s signing) []byte {
	t.Helper()
	l := &log{tenant: "acme", epochs: [][]entry{nil, nil}, pruned: []int64{1, 0}}
	for i := range l.epochs {
		for k := range 5 {
			rec := &record.Record{
				TenantID: "acme", EventID: fmt.Sprintf("%d-%d", i, k), Action: wanted, Outcome: record.OutcomeSuccess,
				Actor: record.EmptyObject().Set("id", record.StringValue("ü")), TimeUnixNano: begin.UnixNano(),
				Payload: record.NumberValue(float64(k)),
			}
			e := entry{at: begin.Add(time.Duration(k) * time.Second), skip: k == 2 || k == 4}
			if e.skip {
				rec.Action = "other"
			}
			e.canonical = rec.AppendCanonical(nil)
			l.epochs[i] = append(l.epochs[i], e)
		}
	}
	return l.write(t, s, bundle.Filter{Action: wanted, Since: begin, Until: begin.Add(time.Hour)})
}

func TestEveryBitOfABundleCounts(t *testing.T) {
	s := newSigning(t, "a")
	whole := smallBundle(t, s)
	_, err := bundle.Verify(bytes.NewReader(whole), s.trust)
	require.NoError(t, err)
	for i := range whole {
		for bit := range 8 {
			changed := bytes.Clone(whole)
			changed[i] ^= 1 << bit
			_, err := bundle.Verify(bytes.NewReader(changed), s.trust)
			require.Error(t, err, "byte %d, bit %d: %q", i, bit, changed[max(0, i-20):min(len(changed), i+20)])
		}
	}
}

func TestABundleCutOrGrownIsNone(t *testing.T) {
	s := newSigning(t, "a")
	whole := smallBundle(t, s)
	for i := range whole {
		_, err := bundle.Verify(bytes.NewReader(whole[:i]), s.trust)
		require.Error(t, err, i)
	}
	for _, more := range []string{"\n", " ", "{}\n", string(whole)} {
		_, err := bundle.Verify(strings.NewReader(string(whole)+more), s.trust)
		require.ErrorContains(t, err, "more follows the manifest")
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	for i := range lines {
		without := bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil)
		_, err := bundle.Verify(bytes.NewReader(append(without, '\n')), s.trust)
		require.Error(t, err, "without line %d", i+1)
		twice := bytes.Join(append(append(append([][]byte{}, lines[:i+1]...), lines[i]), lines[i+1:]...), nil)
		_, err = bundle.Verify(bytes.NewReader(append(twice, '\n')), s.trust)
		require.Error(t, err, "line %d twice", i+1)
	}
}

// Whoever has no key can still rewrite a bundle with one of their own.
func TestAnotherKeyIsNotBelieved(t *testing.T) {
	ours, theirs := newSigning(t, "a"), newSigning(t, "b")
	_, err := bundle.Verify(bytes.NewReader(smallBundle(t, theirs)), ours.trust)
	require.ErrorContains(t, err, "line 1: checkpoint of epoch 1: no valid signature of a known key (signed by "+logName+"+")
	require.ErrorIs(t, err, keys.ErrSignature)
}

// The maker holds the log's key, so what a forged bundle says must fail on its
// own terms: each case signs what is wrong.
func TestASignedBundleIsHeldAgainstItself(t *testing.T) {
	s := newSigning(t, "a")
	resign := func(t *testing.T, lines []string) []byte {
		t.Helper()
		var manifest struct {
			Manifest string `json:"manifest"`
		}
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &manifest))
		text, _, _ := strings.Cut(manifest.Manifest, "\n\n")
		sum := sha256.Sum256([]byte(strings.Join(lines[:len(lines)-1], "\n") + "\n"))
		return resignWith(t, s, lines, text+"\n", sum)
	}
	for name, test := range map[string]struct {
		change func(lines []string) []string
		want   string
	}{
		"unchanged":              {func(l []string) []string { return l }, ""},
		"another tenant's event": {replace(1, `"tenant_id":"acme"`, `"tenant_id":"evil"`), `line 2: seq 1: the record is of tenant "evil"`},
		"outside of the filter":  {replace(1, `"action":"wanted.action"`, `"action":"wanted.bction"`), `line 2: seq 1 does not match the filter: action`},
		"outside of the window":  {replace(1, `"recorded_at":"2026`, `"recorded_at":"2025`), `line 2: seq 1 does not match the filter: since`},
		"out of order":           {swap(1, 2), "line 2: 1 hashes stand for entries 0 to 2, not 2"},
		"twice":                  {double(1), "line 3: seq 1 follows seq 1: events stand in order, each once"},
		"a gap without its hash": {without(1), "line 2: 1 hashes stand for entries 0 to 2, not 2"},
		"another record":         {replace(1, `"payload":1`, `"payload":7`), "the events of epoch 0 lead to another root"},
		"not canonical":          {replace(1, `"payload":1`, `"payload":1.0`), "line 2: seq 1: the record is not canonical"},
		"of another epoch":       {replace(1, `"seq":1,"epoch":0`, `"seq":1,"epoch":1`), "line 2: seq 1 is of epoch 1 where those of epoch 0 stand"},
		"beyond the log":         {replace(2, `"seq":3`, `"seq":5`), "line 3: seq 5 is not in a log of 5 events"},
		"an end of another":      {replace(3, `{"epoch":0`, `{"epoch":1`), "line 4: epoch 1 ends where epoch 0 should"},
		"time goes back":         {replace(2, `T00:00:03.`, `T00:00:00.`), "line 3: seq 3 was recorded at 2026-01-01T00:00:00.000000Z, out of order"},
		"after the checkpoint":   {replace(2, `T00:00:03.`, `T03:00:03.`), "line 3: seq 3 was recorded at 2026-01-01T03:00:03.000000Z, out of order"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Split(strings.TrimSuffix(string(smallBundle(t, s)), "\n"), "\n")
			_, err := bundle.Verify(bytes.NewReader(resign(t, test.change(lines))), s.trust)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func resignWith(t *testing.T, s signing, lines []string, text string, sum [32]byte) []byte {
	t.Helper()
	var rebuilt []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "sha256 ") {
			encoded, err := json.Marshal(sum[:])
			require.NoError(t, err)
			line = "sha256 " + strings.Trim(string(encoded), `"`) + "\n"
		}
		rebuilt = append(rebuilt, line)
	}
	line, err := json.Marshal(map[string]string{"manifest": s.sign(t, strings.Join(rebuilt, ""))})
	require.NoError(t, err)
	whole := append(append([]string{}, lines[:len(lines)-1]...), string(line))
	return []byte(strings.Join(whole, "\n") + "\n")
}

func replace(line int, old, with string) func([]string) []string {
	return func(lines []string) []string {
		if !strings.Contains(lines[line], old) {
			panic("line " + lines[line] + " has no " + old)
		}
		lines[line] = strings.Replace(lines[line], old, with, 1)
		return lines
	}
}

func swap(a, b int) func([]string) []string {
	return func(lines []string) []string {
		lines[a], lines[b] = lines[b], lines[a]
		return lines
	}
}

func double(at int) func([]string) []string {
	return func(lines []string) []string {
		return append(lines[:at+1:at+1], lines[at:]...)
	}
}

func without(at int) func([]string) []string {
	return func(lines []string) []string { return append(lines[:at:at], lines[at+1:]...) }
}

func TestWhatIsNoBundle(t *testing.T) {
	s := newSigning(t, "a")
	for name, content := range map[string]string{
		"empty":           "",
		"a line":          "hello\n",
		"JSON":            `{"action":"x"}` + "\n",
		"another version": `{"otelaudit_bundle":{"version":2,"log":"l","tenant_id":"t","filter":{},"keys":[],"epochs":[]}}` + "\n",
		"binary":          "\x00\xff\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Verify(strings.NewReader(content), s.trust)
			require.ErrorIs(t, err, bundle.ErrNotBundle)
		})
	}
}

func FuzzVerify(f *testing.F) {
	s := newSigning(f, "a")
	whole := smallBundle(f, s)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"otelaudit_bundle":{}}` + "\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := bundle.Verify(bytes.NewReader(content), s.trust)
		require.Equal(t, bytes.Equal(content, whole), err == nil)
	})
}
