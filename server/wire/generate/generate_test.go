package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the module's, seen from this package.
const root = "../../.."

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the declarations in server/wire say: run go generate ./server/wire (%v)", path, err)
		}
	}
}

func TestJavaCompiles(t *testing.T) {
	c, err := readContract(root)
	if err != nil {
		t.Fatal(err)
	}
	javac, err := exec.LookPath("javac")
	if err != nil {
		t.Fatal("this test needs a JDK; on Debian: apt-get install default-jdk-headless")
	}
	folder := t.TempDir()
	source := filepath.Join(folder, "Protocol.java")
	if err := os.WriteFile(source, []byte(java(c)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(javac, "--release", "8", "-Xlint:all", "-Xlint:-options", "-Werror", "-d", folder, source).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDeclarationsThatNobodyCouldRelyOnAreRefused reads modules that declare one type or method.
func TestDeclarationsThatNobodyCouldRelyOnAreRefused(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"no tag", "type T struct { A string }", "A has no json tag"},
		{"null", "type T struct { A *T `json:\"a\"` }", "A could be null"},
		{"embedded", "type T struct { U }\ntype U struct{}", "embedded"},
		{"function", "type T struct { A func() `json:\"a\"` }", "no type like"},
		{"number type", "type T int", "is a int"},
		{"silent method", "type T struct{}\nconst M Call[T, T] = \"m\"", "M has no comment"},
		{"list as params", "// M does.\nconst M Call[string, string] = \"m\"", "declared types"},
		{"other module", "import \"time\"\ntype T struct { A time.Time `json:\"a\"` }", "not a package of this module"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			wire := filepath.Join(folder, "server", "wire")
			if err := os.MkdirAll(wire, 0o700); err != nil {
				t.Fatal(err)
			}
			source := strings.ReplaceAll(test.source, "\nconst", "\n\nconst")
			if err := os.WriteFile(filepath.Join(wire, "w.go"), []byte("package wire\n"+source), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readContract(folder); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
