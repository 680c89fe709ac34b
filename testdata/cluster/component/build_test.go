package component

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pilothouse/testdata/cluster/cache"
)

func TestAComponentIsBuiltOnceAndAnewWhenItsSourcesChange(t *testing.T) {
	sources := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(sources, "greeter", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module greeter\n\ngo 1.26\n")
	write("main.go", "package main\n\nfunc main() { println(`hello`) }\n")
	builds := 0
	builder := Builder{
		Sources: sources, Cache: cache.Cache{Folder: t.TempDir(), Waiting: func(string) {}},
		Progress: func(format string, _ ...any) {
			if format == "building %s" {
				builds++
			}
		},
	}
	greeter := Component{Name: "greeter", Folder: "greeter", Links: []string{"hello"}}
	says := func(want string) {
		t.Helper()
		folder, err := builder.Build(t.Context(), greeter)
		if err != nil {
			t.Fatal(err)
		}
		got, err := exec.Command(filepath.Join(folder, "hello")).CombinedOutput()
		if err != nil || string(got) != want {
			t.Errorf("it says %q, not %q: %v", got, want, err)
		}
	}
	says("hello\n")
	says("hello\n")
	if builds != 1 {
		t.Errorf("it was built %d times", builds)
	}
	write("main.go", "package main\n\nfunc main() { println(`good day`) }\n")
	says("good day\n")
	if builds != 2 {
		t.Errorf("it was built %d times", builds)
	}
}

func TestABuildThatFailsShowsWhatTheCompilerSays(t *testing.T) {
	sources := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module broken\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { missing() }\n"} {
		if err := os.WriteFile(filepath.Join(sources, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	builder := Builder{Sources: sources, Cache: cache.Cache{Folder: t.TempDir(), Waiting: func(string) {}}, Progress: func(string, ...any) {}}
	_, err := builder.Build(t.Context(), Component{Name: "broken", Folder: "."})
	if err == nil {
		t.Fatal("what is broken was built")
	}
	if want := "undefined: missing"; !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v", err)
	}
}
