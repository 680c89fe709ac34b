package logging

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// File is a log file that starts anew when it has grown large. The file before
// it is kept as path.1, the one before that as path.2, and so on. Only its owner
// may read it. It is safe for concurrent use.
type File struct {
	path  string
	limit int64
	kept  int

	mu   sync.Mutex
	file *os.File
	size int64
}

// OpenFile opens the log at path for appending and makes its folder where there
// is none. A file holds at most limit bytes, or one write if that is longer; kept
// says how many earlier files stay.
func OpenFile(path string, limit int64, kept int) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the log: %w", err)
	}
	f := &File{path: path, limit: limit, kept: kept}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("opening the log: %w", err)
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Path is where the newest file stands.
func (f *File) Path() string { return f.path }

// Write appends p, which it never splits over two files.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size > 0 && f.size+int64(len(p)) > f.limit {
		if err := f.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	return n, err
}

func (f *File) rotate() error {
	// Windows does not rename an open file.
	f.file.Close()
	for i := f.kept; i > 0; i-- {
		// The one before is missing until there have been that many.
		_ = os.Rename(f.numbered(i-1), f.numbered(i))
	}
	if f.kept == 0 {
		_ = os.Remove(f.path)
	}
	return f.open()
}

func (f *File) numbered(i int) string {
	if i == 0 {
		return f.path
	}
	return fmt.Sprintf("%s.%d", f.path, i)
}

// Close closes the file. Writes after it fail.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}
