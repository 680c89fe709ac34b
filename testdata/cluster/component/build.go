package component

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"pilothouse/testdata/cluster/cache"
	"pilothouse/testdata/cluster/debian"
)

// Builder builds components from Sources, the folder of the cluster's module, into Cache.
type Builder struct {
	Sources  string
	Cache    cache.Cache
	Progress func(format string, args ...any)
}

// Build returns the folder that holds the component's binaries, which it builds when they are not there yet.
func (b Builder) Build(ctx context.Context, c Component) (string, error) {
	content := func(to io.Writer) error { return c.content(to, b.Sources) }
	return b.Cache.Get(ctx, c.Name, content, func(folder string) error {
		name := strings.TrimSpace(c.Name + " " + c.Version)
		if c.C {
			if err := debian.Ensure(ctx, b.Progress, debian.CCompiler()...); err != nil {
				return err
			}
		}
		started := time.Now()
		b.Progress("building %s", name)
		if err := b.build(ctx, c, folder); err != nil {
			return fmt.Errorf("building %s: %w", name, err)
		}
		b.Progress("built %s in %.1f s", name, time.Since(started).Seconds())
		return nil
	})
}

func (b Builder) build(ctx context.Context, c Component, folder string) error {
	var args []string
	if c.Module != "" {
		args = append([]string{"install", "-trimpath", "-buildvcs=false"}, c.Flags...)
		for _, name := range c.Packages {
			args = append(args, name+"@"+c.Version)
		}
	} else {
		args = append([]string{"build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(folder, c.Name)}, c.Flags...)
		args = append(args, ".")
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = filepath.Join(b.Sources, c.Folder)
	cgo := "CGO_ENABLED=0"
	if c.C {
		cgo = "CGO_ENABLED=1"
	}
	// The settings of the caller's own module are not meant for these.
	command.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=", "GOWORK=off", cgo)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, lastLines(output, 30))
	}
	for _, name := range c.Links {
		if err := os.Symlink(c.Name, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func lastLines(text []byte, count int) []byte {
	all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-count):], []byte("\n"))
}
