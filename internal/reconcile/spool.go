package reconcile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// buckets is how many parts a spool is cut into.
const buckets = 256

// spool keeps items on disk, those with the same name in the same bucket. Not
// safe for concurrent use.
type spool struct {
	dir   string
	seed  maphash.Seed
	files [buckets]*os.File
	out   [buckets]*bufio.Writer
	line  []byte
}

// spoolBuffer times buckets is what a spool takes of memory while it is written.
const spoolBuffer = 16 << 10

// newSpool makes an empty spool in a directory of its own.
func newSpool(dir, name string) (*spool, error) {
	s := &spool{dir: filepath.Join(dir, name), seed: maphash.MakeSeed()}
	return s, os.Mkdir(s.dir, 0o700)
}

// add writes an item under a name.
func (s *spool) add(tenant, name string, i *item) error {
	var h maphash.Hash
	h.SetSeed(s.seed)
	_, _ = h.WriteString(tenant)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(name)
	bucket := h.Sum64() % buckets
	if s.out[bucket] == nil {
		file, err := os.OpenFile(filepath.Join(s.dir, strconv.FormatUint(bucket, 10)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		// It has no name from now on, so that nothing stays behind a run that was
		// killed; where files in use keep theirs, the directory goes with it.
		_ = os.Remove(file.Name())
		s.files[bucket], s.out[bucket] = file, bufio.NewWriterSize(file, spoolBuffer)
	}
	s.line = i.append(s.line[:0])
	var length [binary.MaxVarintLen64]byte
	if _, err := s.out[bucket].Write(length[:binary.PutUvarint(length[:], uint64(len(s.line)))]); err != nil {
		return err
	}
	_, err := s.out[bucket].Write(s.line)
	return err
}

// addHash writes an item under its leaf.
func (s *spool) addHash(i *item) error { return s.add("", string(i.leaf[:]), i) }

// each hands the items of a bucket to f, in the order in which they came.
func (s *spool) each(bucket int, f func(*item) error) error {
	if s.out[bucket] == nil {
		return nil
	}
	if err := s.out[bucket].Flush(); err != nil {
		return err
	}
	if _, err := s.files[bucket].Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(s.files[bucket], 1<<16)
	var line []byte
	for {
		length, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if line = line[:0]; uint64(cap(line)) < length {
			line = make([]byte, 0, length)
		}
		line = line[:length]
		if _, err := io.ReadFull(in, line); err != nil {
			return err
		}
		i := &item{}
		if err := i.parse(line); err != nil {
			return err
		}
		if err := f(i); err != nil {
			return err
		}
	}
}

// close closes the files; whoever made the directory removes it.
func (s *spool) close() {
	for _, file := range &s.files {
		if file != nil {
			_ = file.Close()
		}
	}
}
