// Package cache keeps folders that take long to make, by the content that they are made from.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Cache is the folder that the kept folders are in. Several processes may use it at a time.
type Cache struct {
	Folder string
	// Waiting is told when another process makes what this one needs.
	Waiting func(name string)
}

// kept is how long a folder that nobody uses is kept after another version of it was made.
const kept = 7 * 24 * time.Hour

// Get returns the folder with a name that was made from content. When there is none yet, one process makes it and the
// others wait: fill gets an empty folder, which becomes the one that is kept only when there is no error.
func (c Cache) Get(ctx context.Context, name string, content func(io.Writer) error, fill func(folder string) error) (string, error) {
	sum := sha256.New()
	if err := content(sum); err != nil {
		return "", fmt.Errorf("reading what %s is made from: %w", name, err)
	}
	folder := filepath.Join(c.Folder, name+"-"+hex.EncodeToString(sum.Sum(nil))[:12])
	if used(folder) {
		return folder, nil
	}
	if err := os.MkdirAll(c.Folder, 0o750); err != nil {
		return "", err
	}
	unlock, err := c.lock(ctx, name)
	if err != nil {
		return "", fmt.Errorf("waiting for another process that makes %s: %w", name, err)
	}
	defer unlock()
	if used(folder) {
		return folder, nil
	}
	unfinished, err := os.MkdirTemp(c.Folder, "."+name+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished)
	if err := fill(unfinished); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, folder); err != nil {
		return "", err
	}
	used(folder) // it may have been filled from an archive, with that one's date
	return folder, c.prune(name)
}

// used tells whether a folder is there, and marks it as used.
func used(folder string) bool {
	now := time.Now()
	// Who may not change the cache may still read it.
	return !errors.Is(os.Chtimes(folder, now, now), fs.ErrNotExist)
}

// lock gives up when ctx ends.
func (c Cache) lock(ctx context.Context, name string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(c.Folder, name+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for waited := false; ; waited = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil // which is what unlocks
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(err, file.Close())
		}
		if !waited {
			c.Waiting(name)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// prune removes the versions that nobody has used for long.
func (c Cache) prune(name string) error {
	entries, err := os.ReadDir(c.Folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		version, is := strings.CutPrefix(entry.Name(), name+"-")
		if !is || len(version) != 12 || !entry.IsDir() {
			continue
		}
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > kept {
			err = os.RemoveAll(filepath.Join(c.Folder, entry.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing an old version of %s: %w", name, err)
		}
	}
	return nil
}
