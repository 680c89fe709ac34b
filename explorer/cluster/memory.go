package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// memory is what Pilothouse remembers about kubeconfig files, which it never
// writes: it has a file of its own.
type memory struct {
	// Files are those the user added, in the order of adding.
	Files []addedFile `json:"files,omitempty"`
	// Namespaces are the working namespaces by context ID.
	Namespaces map[string]string `json:"namespaces,omitempty"`
}

type addedFile struct {
	Path    string `json:"path"`
	Trusted bool   `json:"trusted,omitempty"`
}

const maxMemorySize = 1 << 20

// loadMemory reads what save wrote. A file that is not there is an empty memory.
func loadMemory(path string) (memory, error) {
	m := memory{Namespaces: map[string]string{}}
	if path == "" {
		return m, nil
	}
	content, err := readRegularFile(path, maxMemorySize)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return memory{Namespaces: map[string]string{}}, fmt.Errorf("reading %s: %w", path, err)
	}
	if m.Namespaces == nil {
		m.Namespaces = map[string]string{}
	}
	return m, nil
}

// remember takes the files that the user added.
func (m *memory) remember(files []*kubeconfig) {
	m.Files = nil
	for _, f := range files {
		if f.added && !f.passing {
			m.Files = append(m.Files, addedFile{Path: f.path, Trusted: f.trusted})
		}
	}
}

func (m memory) clone() memory {
	return memory{Files: slices.Clone(m.Files), Namespaces: maps.Clone(m.Namespaces)}
}

// save writes the memory in one step, so that a crash leaves the old or the new.
func (m memory) save(path string) error {
	if path == "" {
		return nil
	}
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after a successful rename there is nothing to remove
	if _, err := f.Write(append(content, '\n')); err != nil {
		f.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
