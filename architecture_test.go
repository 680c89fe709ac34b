package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "pilothouse"

// maxBinary is the size the stripped daemon must not pass, in bytes.
const maxBinary = 60 << 20

// floors are the rooms of the house with the rooms they must not stand on;
// docs/architecture.md shows the house. A room is a package with all below it.
var floors = []struct {
	room  string
	below []string
	why   string
}{
	{"explorer", []string{"manifest", "deploy", "debugadapter", "server", "cli"}, "the explorer is the ground floor"},
	{"manifest", []string{"deploy", "debugadapter", "server", "cli", "explorer/tree"}, "manifests need clusters and their schemas, nothing else"},
	{"deploy", []string{"manifest", "debugadapter", "server", "cli"}, "deploying stands on the explorer"},
	{"debugadapter", []string{"manifest", "server", "cli"}, "debugging stands on deploying"},
	{"server", []string{"cli"}, "the daemon knows no command line"},
	{"server/wire", []string{"server"}, "the contract names data and imports no machinery"},
}

// features are the rooms that know no JSON-RPC and no editor.
var features = []string{"explorer", "manifest", "deploy", "debugadapter"}

// banned packages must not be in the daemon at all.
var banned = map[string]string{
	"plugin":                 "it switches off dead-code elimination for the whole binary",
	"golang.org/x/net/trace": "it brings html/template; build with the tags of the Makefile",
}

// vagueNames say nothing about what a package is for.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"}

// pkg is what `go list` tells about a package.
type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	Deps       []string
}

func TestRoomsStandOnTheirFloors(t *testing.T) {
	packages := list(t, "./...")
	for _, floor := range floors {
		for _, p := range packages {
			if !within(p.ImportPath, floor.room) {
				continue
			}
			for _, dep := range p.Deps {
				for _, below := range floor.below {
					if within(dep, below) && !within(dep, floor.room) {
						t.Errorf("%s imports %s: %s", p.ImportPath, dep, floor.why)
					}
				}
			}
		}
	}
}

func TestFeaturesKnowNoEditor(t *testing.T) {
	for _, p := range list(t, "./...") {
		if !slices.ContainsFunc(features, func(room string) bool { return within(p.ImportPath, room) }) {
			continue
		}
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "go.lsp.dev/jsonrpc2") || strings.HasPrefix(dep, "go.lsp.dev/protocol") {
				t.Errorf("%s imports %s: a feature is a plain Go API, server offers it", p.ImportPath, dep)
			}
		}
	}
}

func TestPackagesTellTheirStory(t *testing.T) {
	for _, p := range list(t, "./...") {
		if p.Doc == "" && p.Name != "main_test" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if name := path.Base(p.ImportPath); slices.Contains(vagueNames, name) {
			t.Errorf("%s: %q does not say what the package is for", p.ImportPath, name)
		}
	}
}

func TestDaemonKeepsBannedPackagesOut(t *testing.T) {
	tags := makeVariable(t, "TAGS")
	for _, p := range list(t, "-tags", tags, ".") {
		for _, dep := range p.Deps {
			if why, ok := banned[dep]; ok {
				t.Errorf("the daemon links %s: %s", dep, why)
			}
		}
	}
}

// A method that is looked up by its name at run time keeps the methods of all
// types alive. The linker tells where that happens.
func TestDaemonIsLinkedLean(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "pilothouse")
	build := exec.CommandContext(t.Context(), "make", "--silent", "build", "BINARY="+binary,
		"LDFLAGS="+makeVariable(t, "LDFLAGS")+" -dumpdep")
	graph, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("building the daemon: %v\n%s", err, last(graph, 20))
	}
	edges := bufio.NewScanner(bytes.NewReader(graph))
	edges.Buffer(nil, 1<<20)
	for edges.Scan() {
		if strings.Contains(edges.Text(), "ReflectMethod> ->") {
			t.Errorf("dead methods cannot be dropped any more because of %s", edges.Text())
		}
	}
	if err := edges.Err(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the stripped daemon has %.1f MB", float64(info.Size())/(1<<20))
	if info.Size() > maxBinary {
		t.Errorf("the stripped daemon has %d bytes, more than %d", info.Size(), maxBinary)
	}
}

// What is left to do stands in issues, and no file knows the machine it was
// written on.
func TestFilesSpeakOfTheProductAlone(t *testing.T) {
	leftover := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	machine := regexp.MustCompile(`(^|[^\w.])/(work|Users)/`)
	for _, name := range trackedFiles(t) {
		text := readTracked(t, name)
		if strings.ContainsRune(text, 0) || path.Base(name) == "go.sum" || path.Base(name) == "package-lock.json" {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if leftover.MatchString(line) || machine.MatchString(line) {
				t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	}
}

// A test waits for what it expects. Sleeping is right only where time is not real.
func TestTestsSleepOnlyWhereTimeIsNotReal(t *testing.T) {
	for _, name := range trackedFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		text := readTracked(t, name)
		if strings.Contains(text, "time.Sl"+"eep(") && !strings.Contains(text, "\"testing/synctest\"") {
			t.Errorf("%s sleeps: wait for the condition itself, or use testing/synctest", name)
		}
	}
}

// within tells whether importPath is the room or below it.
func within(importPath, room string) bool {
	room = module + "/" + room
	return importPath == room || strings.HasPrefix(importPath, room+"/")
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	out := output(t, "go", append([]string{"list", "-json=ImportPath,Name,Doc,Deps"}, args...)...)
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatalf("go list %s answers no package", strings.Join(args, " "))
	}
	return packages
}

// makeVariable reads a variable of the Makefile, the one place that knows how the daemon is built.
func makeVariable(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(string(output(t, "make", "--silent", "print-"+name)))
}

func trackedFiles(t *testing.T) []string {
	t.Helper()
	return strings.Fields(string(output(t, "git", "ls-files")))
}

// readTracked reads a file; one that was removed and not committed yet is empty.
func readTracked(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, exit.Stderr)
		}
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return out
}

func last(text []byte, lines int) []byte {
	all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
