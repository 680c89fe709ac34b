package component

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/debian"
)

// Builder builds components from Sources, the folder of the cluster's module, into Cache.
type Builder struct {
	Sources  string
	Cache    string
	Progress func(format string, args ...any)
}

// Build returns the folder that holds the component's binaries, which it builds when they are not there yet. Builders in
// several processes share a cache: one of them builds, the others wait for it.
func (b Builder) Build(ctx context.Context, c Component) (string, error) {
	hash, err := c.hash(b.Sources)
	if err != nil {
		return "", fmt.Errorf("reading the sources of %s: %w", c.Name, err)
	}
	folder := filepath.Join(b.Cache, "bin", c.Name+"-"+hash)
	if exists(folder) {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	unlock, err := b.lock(ctx, c)
	if err != nil {
		return "", fmt.Errorf("waiting for another build of %s: %w", c.Name, err)
	}
	defer unlock()
	if exists(folder) {
		return folder, nil
	}
	if c.C {
		if err := debian.Ensure(ctx, b.Progress, debian.CCompiler()...); err != nil {
			return "", err
		}
	}
	started := time.Now()
	name := strings.TrimSpace(c.Name + " " + c.Version)
	b.Progress("building %s", name)
	if err := b.build(ctx, c, folder); err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	b.Progress("built %s in %s", name, time.Since(started).Round(100*time.Millisecond))
	return folder, nil
}

// build leaves either the whole folder or nothing.
func (b Builder) build(ctx context.Context, c Component, folder string) error {
	unfinished, err := os.MkdirTemp(filepath.Dir(folder), "."+c.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	var args []string
	if c.Module != "" {
		args = append([]string{"install", "-trimpath", "-buildvcs=false"}, c.Flags...)
		for _, name := range c.Packages {
			args = append(args, name+"@"+c.Version)
		}
	} else {
		args = append([]string{"build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(unfinished, c.Name)}, c.Flags...)
		args = append(args, ".")
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = filepath.Join(b.Sources, c.Folder)
	cgo := "CGO_ENABLED=0"
	if c.C {
		cgo = "CGO_ENABLED=1"
	}
	command.Env = append(os.Environ(), "GOBIN="+unfinished, "GOFLAGS=", "GOWORK=off", "GO111MODULE=on", cgo)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, tail(output, 30))
	}
	for _, name := range c.Links {
		if err := os.Symlink(c.Name, filepath.Join(unfinished, name)); err != nil {
			return err
		}
	}
	if err := os.Chmod(unfinished, 0o755); err != nil {
		return err
	}
	return os.Rename(unfinished, folder)
}

// lock gives up when ctx ends.
func (b Builder) lock(ctx context.Context, c Component) (unlock func() error, err error) {
	file, err := os.OpenFile(filepath.Join(b.Cache, "bin", c.Name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for waited := false; ; waited = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(err, file.Close())
		}
		if !waited {
			b.Progress("waiting for another build of %s", c.Name)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func tail(text []byte, lines int) []byte {
	all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
