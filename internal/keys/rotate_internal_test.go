//go:build unix

package keys

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 500, time.UTC)

// killAt makes this process kill itself at a step of a change.
const killAt = "KEYS_TEST_KILL_AT"

// changes are the commands that change both files, as a process runs them.
var changes = map[string]func(f *Files) error{
	"create": func(f *Files) error {
		_, err := f.Create(rand.Reader, "audit.example.com/prod", noon)
		return err
	},
	"rotate": func(f *Files) error {
		_, err := f.Rotate(rand.Reader, noon.Add(time.Hour))
		return err
	},
	"retire": func(f *Files) error {
		ring, err := LoadRing(f.Key)
		if err != nil {
			return err
		}
		// The old key is the last one; after an interruption it may be retired.
		all := append(ring.Public(), ring.Retired()...)
		_, err = f.Retire(shortID(all[len(all)-1]), noon.Add(2*time.Hour))
		return err
	},
}

// TestChangeAsProcess is not a test of its own: the test below runs it as a
// process that is killed.
func TestChangeAsProcess(t *testing.T) {
	at, found := os.LookupEnv(killAt)
	if !found {
		return
	}
	f := &Files{Key: os.Getenv("KEYS_TEST_KEY"), Trust: os.Getenv("KEYS_TEST_TRUST"), step: func(name string) {
		if name == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}}
	require.NoError(t, changes[os.Getenv("KEYS_TEST_CHANGE")](f))
}

func TestNoKillLeavesASignerThatNobodyTrusts(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	steps := []string{"begin", "key staged", "trust staged", "first published", "second published"}
	for i, change := range []string{"create", "rotate", "retire"} {
		for _, step := range steps {
			t.Run(change+"/"+step, func(t *testing.T) {
				dir := t.TempDir()
				f := &Files{Key: filepath.Join(dir, "log.key"), Trust: filepath.Join(dir, "trust")}
				for _, before := range []string{"create", "rotate"}[:i] {
					require.NoError(t, changes[before](f))
				}
				cmd := exec.CommandContext(t.Context(), executable, "-test.run=^TestChangeAsProcess$")
				cmd.Env = append(os.Environ(), killAt+"="+step, "KEYS_TEST_CHANGE="+change, "KEYS_TEST_KEY="+f.Key, "KEYS_TEST_TRUST="+f.Trust)
				var exit *exec.ExitError
				require.ErrorAs(t, cmd.Run(), &exit)
				status, ok := exit.Sys().(syscall.WaitStatus)
				require.True(t, ok)
				require.Equal(t, syscall.SIGKILL, status.Signal())
				requireTrusted(t, f)

				// Running it again finishes it, or says that it is finished.
				err := changes[change](f)
				if step == "second published" {
					require.Error(t, err)
					require.True(t, errors.Is(err, ErrExists) || errors.Is(err, ErrPending) || errors.Is(err, ErrRetired), err)
				} else {
					require.NoError(t, err)
				}
				requireTrusted(t, f)
				ring, err := LoadRing(f.Key)
				require.NoError(t, err)
				require.Len(t, ring.Public(), []int{1, 2, 1}[i])
				retired := []int{0, 0, 1}[i]
				if change == "create" && step == "first published" {
					retired = 1 // the key that nobody has, which the trust file knows
				}
				require.Len(t, ring.Retired(), retired)
				entries, err := os.ReadDir(dir)
				require.NoError(t, err)
				require.Len(t, entries, 2, "something was left behind")
			})
		}
	}
}

// requireTrusted checks what must hold at any time: who signs is trusted now.
func requireTrusted(t *testing.T, f *Files) {
	ring, err := LoadRing(f.Key)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	require.NoError(t, err)
	info, err := os.Stat(f.Key)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	trust, err := LoadTrust(f.Trust)
	require.NoError(t, err)
	for _, public := range slices.Concat(ring.public, ring.retired) {
		require.True(t, trust.has(public))
	}
	for _, public := range ring.public {
		require.True(t, slices.ContainsFunc(trust.keys, func(k TrustedKey) bool {
			return k.Verifier == public && k.covers(noon.Add(3*time.Hour))
		}), "%s signs and is not trusted", shortID(public))
	}
}

func TestChangesThatAreRefusedWriteNothing(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(t *testing.T, f *Files) // after create
		change  func(f *Files) error
		want    error
		text    string
	}{
		"create over a key": {func(*testing.T, *Files) {}, changes["create"], ErrExists, "log.key: the file exists already and a key is never overwritten"},
		"create over a link to nothing": {func(t *testing.T, f *Files) {
			require.NoError(t, os.Remove(f.Key))
			require.NoError(t, os.Symlink("nowhere", f.Key))
		}, changes["create"], nil, "a link to nothing"},
		"create in no directory": {func(_ *testing.T, f *Files) { f.Key += ".d/log.key" }, changes["create"], os.ErrNotExist, "log.key.d"},
		"create into one file":   {func(_ *testing.T, f *Files) { f.Key = f.Trust }, changes["create"], nil, "the key file and the trust file are the same"},
		"create beside garbage": {func(t *testing.T, f *Files) {
			f.Key += "2"
			require.NoError(t, os.WriteFile(f.Trust, []byte("garbage\n"), 0o600))
		}, changes["create"], ErrTrust, `trust: not a trust file: line 1: want "otelaudit trust v1" first`},
		"rotate without a key": {func(_ *testing.T, f *Files) { f.Key += "2" }, changes["rotate"], os.ErrNotExist, "log.key2"},
		"rotate an open key": {
			func(t *testing.T, f *Files) { require.NoError(t, os.Chmod(f.Key, 0o644)) },
			changes["rotate"],
			nil, "others may use this secret (mode 0644): run chmod 600 ",
		},
		"rotate with another trust file": {func(t *testing.T, f *Files) {
			other := &Files{Key: f.Key + ".other", Trust: f.Trust + ".other"}
			require.NoError(t, changes["create"](other))
			f.Trust = other.Trust
		}, changes["rotate"], ErrUnknown, "signs: the trust file does not trust this key now"},
		"rotate twice":        {func(t *testing.T, f *Files) { require.NoError(t, changes["rotate"](f)) }, changes["rotate"], ErrPending, "two keys sign already: retire one first"},
		"retire the only key": {func(*testing.T, *Files) {}, changes["retire"], ErrLastKey, "it is the only key that signs: rotate first"},
		"retire an unknown key": {func(*testing.T, *Files) {}, func(f *Files) error {
			_, err := f.Retire("00000000", noon)
			return err
		}, ErrNoKey, "log.key: no such key: 00000000 (it has audit.example.com/prod+"},
		"retire for a key that nobody trusts": {func(t *testing.T, f *Files) {
			outdated, err := os.ReadFile(f.Trust)
			require.NoError(t, err)
			require.NoError(t, changes["rotate"](f))
			require.NoError(t, os.WriteFile(f.Trust, outdated, 0o600))
		}, changes["retire"], ErrUnknown, "signs: the trust file does not trust this key now"},
		"retire twice": {func(t *testing.T, f *Files) {
			require.NoError(t, changes["rotate"](f))
			require.NoError(t, changes["retire"](f))
		}, changes["retire"], ErrRetired, "the key is retired already"},
		"retire before it was valid": {func(t *testing.T, f *Files) { require.NoError(t, changes["rotate"](f)) }, func(f *Files) error {
			ring, err := LoadRing(f.Key)
			if err == nil {
				_, err = f.Retire(shortID(ring.public[0]), noon)
			}
			return err
		}, nil, "is valid only from 2026-01-01T13:00:00Z on"},
		"a trust file that anybody may write": {
			func(t *testing.T, f *Files) { require.NoError(t, os.Chmod(f.Trust, 0o666)) },
			changes["rotate"],
			nil, "anybody may write this trust file (mode 0666): run chmod o-w ",
		},
		"a trust file that is a directory": {func(_ *testing.T, f *Files) { f.Trust = filepath.Dir(f.Trust) }, changes["rotate"], nil, "not a regular file"},
		"a command at the same time": {func(t *testing.T, f *Files) {
			unlock, err := lockDirectories(filepath.Dir(f.Key))
			require.NoError(t, err)
			t.Cleanup(unlock)
		}, changes["rotate"], errBusy, "another command is changing the keys in this directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := &Files{Key: filepath.Join(dir, "log.key"), Trust: filepath.Join(dir, "trust")}
			require.NoError(t, changes["create"](f))
			c.arrange(t, f)
			before := snapshot(t, dir)
			err := c.change(f)
			require.Error(t, err)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.ErrorContains(t, err, c.text)
			require.NotContains(t, err.Error(), privatePrefix)
			require.Equal(t, before, snapshot(t, dir))
		})
	}
}

func snapshot(t *testing.T, dir string) map[string]string {
	found := make(map[string]string)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			require.NoError(t, err)
			found[entry.Name()] = string(text)
		} else {
			found[entry.Name()] = entry.Type().String()
		}
	}
	return found
}

func TestWhatCannotBeWrittenChangesNothing(t *testing.T) {
	keyDir, trustDir := t.TempDir(), t.TempDir()
	f := &Files{Key: filepath.Join(keyDir, "log.key"), Trust: filepath.Join(trustDir, "trust")}
	require.NoError(t, changes["create"](f))
	before := []map[string]string{snapshot(t, keyDir), snapshot(t, trustDir)}
	// A directory with something in it stands where the new trust file is
	// written: that fails for root, too, and after the key was staged.
	require.NoError(t, os.MkdirAll(filepath.Join(trustDir, ".trust.new", "x"), 0o700))
	require.Error(t, changes["rotate"](f))
	require.NoError(t, os.RemoveAll(filepath.Join(trustDir, ".trust.new")))
	after := []map[string]string{snapshot(t, keyDir), snapshot(t, trustDir)}
	require.Equal(t, before, after)
	require.NoError(t, changes["rotate"](f))
}

func TestChangesKeepCommentsModesAndLinks(t *testing.T) {
	dir, links := t.TempDir(), t.TempDir()
	f := &Files{Key: filepath.Join(dir, "log.key"), Trust: filepath.Join(dir, "trust")}
	require.NoError(t, changes["create"](f))
	text, err := os.ReadFile(f.Trust)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.Trust, append(text, "# of the auditors"...), 0o600)) // no newline at the end
	require.NoError(t, os.Chmod(f.Trust, 0o664))                                           // more than the umask gives
	linked := &Files{Key: filepath.Join(links, "log.key"), Trust: filepath.Join(links, "trust")}
	require.NoError(t, os.Symlink(f.Key, linked.Key))
	require.NoError(t, os.Symlink(f.Trust, linked.Trust))

	require.NoError(t, changes["rotate"](linked))
	require.NoError(t, changes["retire"](linked))
	info, err := os.Lstat(linked.Key)
	require.NoError(t, err)
	require.Equal(t, os.ModeSymlink, info.Mode().Type())
	info, err = os.Stat(f.Trust)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o664), info.Mode().Perm())

	trust, err := LoadTrust(f.Trust)
	require.NoError(t, err)
	ring, err := LoadRing(f.Key)
	require.NoError(t, err)
	keys := trust.Keys()
	require.Len(t, keys, 2)
	require.Equal(t, TrustedKey{Verifier: ring.retired[0], Log: ring.log, Until: noon.Add(2 * time.Hour).Truncate(time.Second).Add(time.Second)}, keys[0])
	require.Equal(t, TrustedKey{Verifier: ring.public[0], Log: ring.log, From: noon.Add(time.Hour).Truncate(time.Second)}, keys[1])
	text, err = os.ReadFile(f.Trust)
	require.NoError(t, err)
	require.Equal(t, TrustHeader+"\n# key, log name, valid from, valid until\n"+keys[0].Line()+"\n# of the auditors\n"+keys[1].Line()+"\n", string(text))
	text, err = os.ReadFile(f.Key)
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(text, []byte(privatePrefix)), "the retired key's private half is gone")
}

func TestALogGoesOnWhenItsKeyIsLost(t *testing.T) {
	dir := t.TempDir()
	trust := filepath.Join(dir, "trust")
	create := func(file, log string) (TrustedKey, *Ring) {
		f := &Files{Key: filepath.Join(dir, file), Trust: trust}
		key, err := f.Create(rand.Reader, log, noon)
		require.NoError(t, err)
		ring, err := LoadRing(f.Key)
		require.NoError(t, err)
		return key, ring
	}
	lost, ring := create("a.key", "a")
	require.True(t, lost.From.IsZero())
	require.Empty(t, ring.Retired())
	other, ring := create("b.key", "b") // another log
	require.True(t, other.From.IsZero())
	require.Empty(t, ring.Retired())
	require.NoError(t, os.Remove(filepath.Join(dir, "a.key")))

	key, ring := create("new.key", "a")
	require.Equal(t, noon.Truncate(time.Second).Add(-time.Minute), key.From)
	require.Equal(t, []string{key.Verifier}, ring.Public())
	require.Equal(t, []string{lost.Verifier}, ring.Retired())
	// The lost key is ended with the new key file.
	ended, err := (&Files{Key: filepath.Join(dir, "new.key"), Trust: trust}).Retire(lost.ID(), noon.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, lost.Verifier, ended.Verifier)
	require.False(t, ended.Until.IsZero())
}

func TestMACKeyFilesRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mac.key")
	require.ErrorIs(t, RotateMAC(path, rand.Reader, "edge-1"), os.ErrNotExist)
	require.NoError(t, CreateMAC(path, rand.Reader, "edge-1"))
	require.ErrorIs(t, CreateMAC(path, rand.Reader, "edge-2"), ErrExists)
	old, err := LoadMACRing(path)
	require.NoError(t, err)
	require.ErrorContains(t, RotateMAC(path, rand.Reader, "edge-1"), "key id edge-1 stands twice")
	require.NoError(t, RotateMAC(path, rand.Reader, "edge-2"))
	ring, err := LoadMACRing(path)
	require.NoError(t, err)
	require.Equal(t, []string{"edge-2", "edge-1"}, ring.KeyIDs())
	require.NoError(t, ring.Verify([32]byte{1}, old.Sign([32]byte{1})))
	require.NoError(t, os.Chmod(path, 0o640))
	_, err = LoadMACRing(path)
	require.ErrorContains(t, err, "others may use this secret (mode 0640)")
	var permission *PermissionError
	require.ErrorAs(t, err, &permission)
}
