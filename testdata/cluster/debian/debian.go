// Package debian brings what a cluster needs of the packages of the machine's distribution.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Package is a Debian package and a test of whether the machine has what is in it, wherever that is from.
type Package struct {
	Name string
	Have func() bool
}

// Nftables holds nft, with which kube-proxy makes Services work.
func Nftables() Package { return Package{"nftables", program("nft")} }

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
	install := append([]string{"install", "--yes", "--no-install-recommends"}, missing...)
	if err := updated(ctx, func() error { return aptGet(ctx, "", install...) }); err != nil {
		return fmt.Errorf("installing %s: %w", names, err)
	}
	return nil
}

// Unpack puts the files of a package into a folder. The package is not installed.
func Unpack(ctx context.Context, name, folder string) error {
	download, err := os.MkdirTemp("", "pilothouse-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(download)
	if err := updated(ctx, func() error { return aptGet(ctx, download, "download", name) }); err != nil {
		return fmt.Errorf("downloading %s: %w", name, err)
	}
	files, err := filepath.Glob(filepath.Join(download, "*.deb"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("downloading %s brought %d files: %w", name, len(files), err)
	}
	if output, err := exec.CommandContext(ctx, "dpkg-deb", "--extract", files[0], folder).CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking %s: %w\n%s", name, err, output)
	}
	return nil
}

// Release names the distribution's release that packages are from.
func Release() (string, error) {
	text, err := os.ReadFile("/etc/os-release")
	return string(text), err
}

// updated does something again, when it fails, with a new list of the packages that there are: the machine may never have
// read one, or not for long.
func updated(ctx context.Context, do func() error) error {
	first := do()
	if first == nil {
		return nil
	}
	if err := aptGet(ctx, "", "update"); err != nil {
		return errors.Join(first, err)
	}
	return do()
}

func aptGet(ctx context.Context, folder string, args ...string) error {
	command := exec.CommandContext(ctx, "apt-get", args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, output)
	}
	return nil
}
