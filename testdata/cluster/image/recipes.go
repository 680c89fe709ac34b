package image

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"pilothouse/testdata/cluster/component"
	"pilothouse/testdata/cluster/debian"
)

// Basic names the images that every cluster has.
func Basic() []string { return []string{"pause", "busybox", "hello"} }

// Names names all images that there are recipes for.
func Names() []string {
	return append(append(Basic(), "coredns", "metrics-server"), slices.Sorted(maps.Keys(languages()))...)
}

// Kitchen makes recipes, for which it builds programs when they are not there yet.
type Kitchen struct {
	Builder component.Builder
}

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Recipe returns the recipe of an image by its name without a tag.
func (k Kitchen) Recipe(ctx context.Context, name string) (Recipe, error) {
	switch name {
	case "pause":
		return k.program(ctx, component.Image(name), "pause:3.10")
	case "hello":
		recipe, err := k.program(ctx, component.Image(name), "hello:latest")
		if err != nil {
			return Recipe{}, err
		}
		return recipe, k.addShell(ctx, recipe.Files)
	case "coredns":
		return k.program(ctx, component.CoreDNS(), "coredns:latest")
	case "metrics-server":
		return k.program(ctx, component.MetricsServer(), "metrics-server:latest")
	case "busybox":
		recipe := Recipe{Names: []string{"busybox:latest"}, Files: Files{}, Config: v1.Config{Env: []string{searchPath}, Cmd: []string{"sh"}}}
		return recipe, k.addShell(ctx, recipe.Files)
	}
	if language, ok := languages()[name]; ok {
		return k.language(ctx, language)
	}
	return Recipe{}, fmt.Errorf("there is no image %q: there are %s", name, strings.Join(Names(), ", "))
}

// program returns an image that holds one static program.
func (k Kitchen) program(ctx context.Context, c component.Component, imageName string) (Recipe, error) {
	folder, err := k.Builder.Build(ctx, c)
	if err != nil {
		return Recipe{}, err
	}
	recipe := Recipe{Names: []string{imageName}, Files: Files{}, Config: v1.Config{Env: []string{searchPath}, Entrypoint: []string{"/" + c.Name}}}
	return recipe, recipe.Files.Add("/"+c.Name, filepath.Join(folder, c.Name))
}

// addShell adds Debian's static busybox, a link for each of its commands, and the one user.
func (k Kitchen) addShell(ctx context.Context, files Files) error {
	folder, err := k.Builder.Cache.Get(ctx, "busybox", func(to io.Writer) error {
		release, err := debian.Release()
		if err != nil {
			return err
		}
		_, err = io.WriteString(to, "static "+release)
		return err
	}, func(folder string) error {
		k.Builder.Progress("unpacking busybox")
		return debian.Unpack(ctx, "busybox-static", folder)
	})
	if err != nil {
		return err
	}
	busybox := filepath.Join(folder, "bin", "busybox")
	commands, err := exec.CommandContext(ctx, busybox, "--list-full").Output()
	if err != nil {
		return fmt.Errorf("asking busybox for its commands: %w", err)
	}
	if err := files.Add("/bin/busybox", busybox); err != nil {
		return err
	}
	for command := range strings.FieldsSeq(string(commands)) {
		if target := path.Join("/", command); target != "/bin/busybox" {
			files.Link(target, "/bin/busybox")
		}
	}
	files.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	files.Write("/etc/group", "root:x:0:\n")
	return nil
}
