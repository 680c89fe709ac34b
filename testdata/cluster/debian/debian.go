// Package debian installs the packages of the machine's distribution that a cluster needs.
package debian

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Package is a Debian package and a test of whether the machine has what is in it, wherever that is from.
type Package struct {
	Name string
	Have func() bool
}

// Nftables holds nft, with which kube-proxy makes Services work.
func Nftables() Package { return Package{"nftables", program("nft")} }

// Busybox holds the shell of the images.
func Busybox() Package {
	return Package{"busybox-static", func() bool {
		path, err := exec.LookPath("busybox")
		return err == nil && static(path)
	}}
}

// CCompiler returns the packages that a program with a part in C, which uses libseccomp, is built with.
func CCompiler() []Package {
	return []Package{
		{"gcc", program("gcc")},
		{"libc6-dev", file("/usr/include/stdlib.h")},
		{"pkg-config", program("pkg-config")},
		{"libseccomp-dev", file("/usr/include/seccomp.h")},
	}
}

func program(name string) func() bool {
	return func() bool {
		_, err := exec.LookPath(name)
		return err == nil
	}
}

func file(path string) func() bool {
	return func() bool {
		_, err := os.Stat(path)
		return err == nil
	}
}

// static tells whether a program needs no other file.
func static(path string) bool {
	binary, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer binary.Close()
	libraries, err := binary.ImportedLibraries()
	return err == nil && len(libraries) == 0
}

// Ensure installs the packages whose content is missing.
func Ensure(ctx context.Context, progress func(format string, args ...any), packages ...Package) error {
	var missing []string
	for _, p := range packages {
		if !p.Have() {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	names := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("please install %s (Debian's names): only root on Debian has them installed for it", names)
	}
	progress("installing %s", names)
	install := func() error {
		return aptGet(ctx, append([]string{"install", "--yes", "--no-install-recommends"}, missing...)...)
	}
	first := install()
	if first == nil {
		return nil
	}
	// The machine may never have read, or not read for long, which packages there are.
	if err := aptGet(ctx, "update"); err != nil {
		return fmt.Errorf("installing %s: %w", names, errors.Join(first, err))
	}
	if err := install(); err != nil {
		return fmt.Errorf("installing %s: %w", names, err)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, "apt-get", args...)
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, output)
	}
	return nil
}
