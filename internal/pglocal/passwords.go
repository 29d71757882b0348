package pglocal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
)

// passwords are the logins' passwords, kept in a file that only this process's
// account may read.
type passwords struct {
	path string

	mu    sync.Mutex // guards known and the file
	known map[string]string
}

func readPasswords(path string) (*passwords, error) {
	p := &passwords{path: path, known: map[string]string{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &p.known); err != nil {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return p, nil
}

// of returns the login's password, "" where there is none.
func (p *passwords) of(login string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[login]
}

// ensure returns the login's password, making and keeping one where there is
// none.
func (p *passwords) ensure(login string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if password := p.known[login]; password != "" {
		return password, nil
	}
	password := rand.Text()
	p.known[login] = password
	return password, p.write()
}

// adopt takes over what another cluster keeps.
func (p *passwords) adopt(other *passwords) error {
	other.mu.Lock()
	known := maps.Clone(other.known)
	other.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = known
	return p.write()
}

// write replaces the file. The caller holds mu.
func (p *passwords) write() error {
	raw, err := json.MarshalIndent(p.known, "", "  ")
	if err != nil {
		return err
	}
	// A crash half-way must not lose the passwords that were there.
	if err := os.WriteFile(p.path+".new", append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(p.path+".new", p.path)
}
