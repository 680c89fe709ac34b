package cluster

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

func TestLoginShellIsAskedForPath(t *testing.T) {
	for _, test := range []struct{ name, shell, want string }{
		{"quiet", `PATH=/login/bin:$PATH; [ "$1 $2 $3" = "-l -i -c" ] && eval "$4"`, "/login/bin:/usr/bin"},
		{"noisy", `echo welcome; PATH=/login/bin:$PATH; eval "$4"; echo bye; exit 3`, "/login/bin:/usr/bin"},
		{"silent", `exit 0`, ""},
		{"half", `echo __pilothouse_path__ /half`, ""},
		{"leaves a child behind", `sleep 3 & PATH=/login/bin:$PATH; eval "$4"`, "/login/bin:/usr/bin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PATH", "/usr/bin")
			shell := script(t, filepath.Join(t.TempDir(), "shell"), test.shell)
			if got := askShell(t.Context(), shell); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPathComesFromTheLoginShellAfterADesktopStart(t *testing.T) {
	t.Setenv("PATH", "/usr/bin")
	t.Setenv("TERM", "")
	t.Setenv("SHELL", script(t, filepath.Join(t.TempDir(), "shell"), `PATH=/login/bin:$PATH; eval "$4"`))
	if got := LoginPath(t.Context()); got != "/login/bin:/usr/bin" {
		t.Errorf("got %q", got)
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("SHLVL", "1")
	if got := LoginPath(t.Context()); got != "" {
		t.Errorf("a process below a shell got %q", got)
	}
}

func TestLoginShellThatHangsIsEnded(t *testing.T) {
	shell := script(t, filepath.Join(t.TempDir(), "shell"), "exec sleep 1000")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := askShell(ctx, shell); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestLoginShellIsNotAskedBelowAShell(t *testing.T) {
	for _, test := range []struct {
		term, depth string
		want        bool
	}{
		{"xterm-256color", "1", true},
		{"xterm-256color", "", false},
		{"dumb", "1", false},
		{"", "0", false},
	} {
		getenv := func(name string) string { return map[string]string{"TERM": test.term, "SHLVL": test.depth}[name] }
		if got := startedFromShell(getenv); got != test.want {
			t.Errorf("TERM=%q SHLVL=%q: got %t", test.term, test.depth, got)
		}
	}
}

func TestLoginShellIsFound(t *testing.T) {
	passwd := filepath.Join(t.TempDir(), "passwd")
	write(t, passwd, "root:x:0:0:root:/root:/bin/bash\n# a comment\nbroken\njane:x:1000:1000::/home/jane:/usr/bin/zsh\n")
	for _, test := range []struct {
		environment string
		uid         int
		want        string
	}{
		{"/bin/fish", 1000, "/bin/fish"},
		{"", 1000, "/usr/bin/zsh"},
		{"", 1001, ""},
	} {
		if got := loginShell(test.environment, test.uid, passwd); got != test.want {
			t.Errorf("SHELL=%q, uid %d: got %q, want %q", test.environment, test.uid, got, test.want)
		}
	}
}
