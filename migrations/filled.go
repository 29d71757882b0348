package migrations

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// filledFS is the embedded folder with the placeholders replaced on opening.
type filledFS struct {
	embed.FS
	replacer *strings.Replacer
}

// Open implements fs.FS.
func (f filledFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := f.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return filledFile{File: file, text: bytes.NewReader(text)}, nil
}

// ReadFile implements fs.ReadFileFS.
func (f filledFS) ReadFile(name string) ([]byte, error) {
	raw, err := f.FS.ReadFile(name)
	if err != nil {
		return nil, err
	}
	text := f.replacer.Replace(string(raw))
	if i := strings.Index(text, "{{"); i >= 0 {
		return nil, fmt.Errorf("%s: unknown placeholder %.40q", name, text[i:])
	}
	return []byte(text), nil
}

type filledFile struct {
	fs.File
	text *bytes.Reader
}

// Read implements fs.File.
func (f filledFile) Read(p []byte) (int, error) { return f.text.Read(p) }
