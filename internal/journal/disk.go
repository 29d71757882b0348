package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// disk is what the writer does to a directory, step by step, so that tests can
// fail or end the process at each of them. Reading goes past it.
type disk interface {
	// create opens a file for writing, empty.
	create(path string) (diskFile, error)
	// reopen opens a file that is there for writing from offset on.
	reopen(path string, offset int64) (diskFile, error)
	truncate(path string, size int64) error
	rename(from, to string) error
	remove(path string) error
	chmod(path string, mode fs.FileMode) error
	// syncDir makes what create, rename and remove did to names durable.
	syncDir(path string) error
}

// diskFile is a file that is written at its end.
type diskFile interface {
	io.Writer
	// sync returns when everything written is durable.
	sync() error
	io.Closer
}

// Modes of a journal: its owner's, and of sealed segments nobody's to write.
const (
	directoryMode = 0o700
	fileMode      = 0o600
	sealedMode    = 0o400
)

// osDisk is the real one.
type osDisk struct{}

type osFile struct{ *os.File }

func (f osFile) sync() error { return dataSync(f.File) }

func (osDisk) create(path string) (diskFile, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{file}, nil
}

func (osDisk) reopen(path string, offset int64) (diskFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return osFile{file}, nil
}

func (osDisk) truncate(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = file.Truncate(size)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) remove(path string) error { return os.Remove(path) }

func (osDisk) chmod(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }

func (osDisk) syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
