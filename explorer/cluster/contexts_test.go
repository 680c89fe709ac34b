package cluster

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata")

// Each archive of testdata/contexts holds files, and in its comment the lines
//
//	kubeconfig <files>       the files of KUBECONFIG, in order
//	add <file> [trusted]     a file that the user adds
//	namespace <id> = <name>  a working namespace that the user sets
//
// The sections "contexts" and "files" are what List and Files must tell then; the
// word "secret" stands for a credential and must not be told.
func TestContextsOfFiles(t *testing.T) {
	archives, err := filepath.Glob("testdata/contexts/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			for _, f := range archive.Files {
				if f.Name != "contexts" && f.Name != "files" {
					write(t, filepath.Join(folder, f.Name), string(f.Data))
				}
			}
			contexts := runComment(t, string(archive.Comment), folder)
			listed, read := showContexts(contexts.List()), showFiles(contexts.Files())
			if strings.Contains(listed+read, "secret") {
				t.Errorf("a credential is told:\n%s%s", listed, read)
			}
			checkSection(t, archive, "contexts", strings.ReplaceAll(listed, folder, "$DIR"))
			checkSection(t, archive, "files", strings.ReplaceAll(read, folder, "$DIR"))
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// runComment does what the lines of an archive's comment say.
func runComment(t *testing.T, comment, folder string) *Contexts {
	t.Helper()
	var contexts *Contexts
	for line := range strings.Lines(comment) {
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		words := strings.Fields(rest)
		switch command {
		case "kubeconfig":
			o := Options{Files: []string{}}
			for _, name := range words {
				o.Files = append(o.Files, filepath.Join(folder, name))
			}
			contexts = start(t, o, quickTiming())
		case "add":
			if err := contexts.AddFile(filepath.Join(folder, words[0]), len(words) > 1 && words[1] == "trusted"); err != nil {
				t.Fatal(err)
			}
		case "namespace":
			id, namespace, _ := strings.Cut(rest, " = ")
			if err := contexts.SetNamespace(id, namespace); err != nil {
				t.Fatal(err)
			}
		case "", "#":
		default:
			t.Fatalf("no such line in the comment: %q", line)
		}
	}
	return contexts
}

func showContexts(list []Context) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%s: name %s, cluster %q, user %q, namespace %s, server %q, file %s", c.ID, c.Name, c.Cluster, c.User, c.Namespace, c.Server, c.File)
		if c.Current {
			b.WriteString(", current")
		}
		b.WriteString("\n")
		if c.Problem != nil {
			fmt.Fprintf(&b, "  %s: %s\n", c.Problem.Code, c.Problem.Message)
			if c.Problem.Cause != "" {
				fmt.Fprintf(&b, "  cause: %s\n", c.Problem.Cause)
			}
		}
	}
	return b.String()
}

func showFiles(list []File) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s: added %t, trusted %t\n", f.Path, f.Added, f.Trusted)
		if f.Problem != nil {
			fmt.Fprintf(&b, "  %s: %s\n", f.Problem.Code, f.Problem.Message)
			if f.Problem.Cause != "" {
				fmt.Fprintf(&b, "  cause: %s\n", f.Problem.Cause)
			}
		}
	}
	return b.String()
}

// checkSection compares a golden section with what was got, or rewrites it.
func checkSection(t *testing.T, archive *txtar.Archive, name, got string) {
	t.Helper()
	for i, f := range archive.Files {
		if f.Name != name {
			continue
		}
		if *update {
			archive.Files[i].Data = []byte(got)
		} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		return
	}
	if !*update {
		t.Fatalf("the archive has no section %s; run with -update", name)
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got)})
}
