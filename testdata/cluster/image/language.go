package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"pilothouse/testdata/cluster/debian"
)

// language is a language's runtime as the machine has it.
type language struct {
	repository string
	// program is found in the PATH; debian is the package that it is in
	program string
	debian  string
	// folders returns the folders that the runtime needs, by its program's path
	folders func(program string) []string
	// left are folders and files, below those, that the runtime does not need
	left []string
	// links are other paths of the program
	links []string
}

func languages() map[string]language {
	return map[string]language{
		"node": {
			repository: "node", program: "node", debian: "nodejs",
			folders: func(string) []string { return []string{"/usr/lib/node_modules", "/usr/share/nodejs"} },
			links:   []string{"/usr/local/bin/node"},
		},
		"python": {
			// Debian's own, wherever the PATH leads: it is a sixth of one that was installed with its tests.
			repository: "python", program: "/usr/bin/python3", debian: "python3",
			folders: func(program string) []string { return []string{"/usr/lib/" + filepath.Base(program)} },
			left:    []string{"__pycache__", "test", "tests", "idlelib", "lib2to3", "dist-packages"},
			links:   []string{"/usr/bin/python3", "/usr/local/bin/python3", "/usr/local/bin/python"},
		},
		"jdk": {
			repository: "eclipse-temurin", program: "javac", debian: "openjdk-17-jdk-headless",
			folders: func(program string) []string { return []string{filepath.Dir(filepath.Dir(program))} },
			left:    []string{"docs", "legal", "man", "jmods", "demo", "include", "src.zip", "classes_nocoops.jsa"},
		},
	}
}

// language returns the recipe of an image with a language's runtime and a shell.
func (k Kitchen) language(ctx context.Context, l language) (Recipe, error) {
	installed := debian.Package{Name: l.debian, Have: func() bool {
		_, err := exec.LookPath(l.program)
		return err == nil
	}}
	if err := debian.Ensure(ctx, k.Builder.Progress, installed); err != nil {
		return Recipe{}, err
	}
	program, err := exec.LookPath(l.program)
	if err != nil {
		return Recipe{}, err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return Recipe{}, err
	}
	version, err := exec.CommandContext(ctx, program, "--version").CombinedOutput()
	if err != nil {
		return Recipe{}, fmt.Errorf("asking %s for its version: %w", program, err)
	}
	names := []string{l.repository + ":latest"}
	if major := regexp.MustCompile(`\d+(\.\d+)?`).FindString(string(version)); major != "" {
		if l.repository != "python" {
			major, _, _ = strings.Cut(major, ".")
		}
		names = append(names, l.repository+":"+major)
	}
	recipe := Recipe{Names: names, Files: Files{}, Config: v1.Config{Env: []string{searchPath + ":" + filepath.Dir(program)}, Cmd: []string{filepath.Base(program)}}}
	if err := k.addShell(ctx, recipe.Files); err != nil {
		return Recipe{}, err
	}
	for _, folder := range l.folders(program) {
		if _, err := os.Stat(folder); err != nil {
			continue
		}
		if err := recipe.Files.addFolder(folder, folder, l.left); err != nil {
			return Recipe{}, err
		}
	}
	recipe.Files[program] = Source{Path: program}
	for _, link := range l.links {
		if link != program {
			recipe.Files.Link(link, program)
		}
	}
	return recipe, recipe.Files.addLibraries(ctx)
}

// addLibraries adds the shared libraries that the files need and do not hold.
func (f Files) addLibraries(ctx context.Context) error {
	var binaries []string
	for _, name := range f.sorted() {
		if path := f[name].Path; path != "" && isELF(path) {
			binaries = append(binaries, path)
		}
	}
	// Each line of ldd is `name => path (address)`, or `path (address)` for the loader.
	path := regexp.MustCompile(`(?m)^\s+(?:\S+ => )?(/\S+) \(0x`)
	for chunk := range slices.Chunk(binaries, 50) {
		output, err := exec.CommandContext(ctx, "ldd", chunk...).Output()
		if err != nil && len(output) == 0 {
			return fmt.Errorf("asking ldd for libraries: %w", err)
		}
		for _, match := range path.FindAllSubmatch(output, -1) {
			library := string(match[1])
			if _, ok := f[library]; ok {
				continue
			}
			if err := f.Add(library, library); err != nil {
				return err
			}
		}
	}
	return nil
}

func isELF(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	start := make([]byte, 4)
	_, err = file.Read(start)
	return err == nil && bytes.Equal(start, []byte("\x7fELF"))
}

// addFolder adds a folder without what is left out. A link that leads out of the folder becomes what it leads to.
func (f Files) addFolder(target, source string, left []string) error {
	return filepath.WalkDir(source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(left, entry.Name()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		below, err := filepath.Rel(source, name)
		if err != nil {
			return err
		}
		destination := filepath.Join(target, below)
		switch {
		case entry.Type().IsRegular():
			f[destination] = Source{Path: name}
		case entry.Type()&fs.ModeSymlink != 0:
			return f.addLink(destination, name, source)
		}
		return nil
	})
}

func (f Files) addLink(target, link, root string) error {
	to, err := os.Readlink(link)
	if err != nil {
		return err
	}
	end, err := filepath.EvalSymlinks(link)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // it leads nowhere on this machine either
	case err != nil:
		return err
	case strings.HasPrefix(end, root+"/"):
		f[target] = Source{Link: to}
		return nil
	}
	return f.addFolder(target, end, nil)
}
