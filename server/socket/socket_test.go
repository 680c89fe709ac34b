package socket

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place is a path for a socket, short enough for every system.
func place(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "p") //nolint:usetesting // a socket's path may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return filepath.Join(folder, "daemon.sock")
}

func listenAt(t *testing.T, path string) *Listener {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestBothEndsMeet(t *testing.T) {
	path := filepath.Join(filepath.Dir(place(t)), "new", "daemon.sock")
	l := listenAt(t, path)
	accepted := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = conn.Write([]byte("x"))
			conn.Close()
		}
		accepted <- err
	}()
	conn, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	if err := <-accepted; err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder was made with mode %v, %v", info.Mode(), err)
	}
}

func TestFolderMustBeTheUsersAlone(t *testing.T) {
	base := filepath.Dir(place(t))
	for _, test := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"open", func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o750)) }, "open to other users"},
		{"file", func(p string) error { return os.WriteFile(p, nil, 0o700) }, "not a folder"},
		{"link", func(p string) error { return errors.Join(os.Mkdir(p+"-target", 0o700), os.Symlink(p+"-target", p)) }, "not a folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := filepath.Join(base, test.name)
			if err := test.make(folder); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, "daemon.sock")
			if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Listen answered %v", err)
			}
			if _, err := Dial(t.Context(), path); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Dial answered %v", err)
			}
		})
	}
}

func TestAnotherUsersFolderIsRefused(t *testing.T) {
	folder := filepath.Dir(place(t))
	info, err := os.Lstat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkOwner(folder, info, os.Getuid()); err != nil {
		t.Errorf("our own folder: %v", err)
	}
	if err := checkOwner(folder, info, os.Getuid()+1); !errors.Is(err, ErrForeign) {
		t.Errorf("another user's folder: %v", err)
	}
}

func TestAnotherUsersProcessIsRefused(t *testing.T) {
	path := place(t)
	l := listenAt(t, path)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	accepted, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	for _, end := range []*net.UnixConn{accepted, conn.(*net.UnixConn)} {
		if err := checkPeer(end, os.Getuid()); err != nil {
			t.Errorf("our own process: %v", err)
		}
		if err := checkPeer(end, os.Getuid()+1); !errors.Is(err, ErrForeign) {
			t.Errorf("another user's process: %v", err)
		}
	}
}

func TestOneListensAtATime(t *testing.T) {
	path := place(t)
	first := listenAt(t, path)
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("beside the first: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	listenAt(t, path)
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := place(t)
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false)
	killed.Close()
	if _, err := Dial(t.Context(), path); !errors.Is(err, ErrAbsent) {
		t.Errorf("nobody listens: %v", err)
	}
	listenAt(t, path)
}

func TestAbsenceIsTold(t *testing.T) {
	path := place(t)
	for _, absent := range []string{path, filepath.Join(filepath.Dir(path), "none", "daemon.sock")} {
		if _, err := Dial(context.Background(), absent); !errors.Is(err, ErrAbsent) {
			t.Errorf("%s: %v", absent, err)
		}
	}
}

func TestLongPathIsRefusedWithAReason(t *testing.T) {
	path := filepath.Join(filepath.Dir(place(t)), strings.Repeat("x", 120), "daemon.sock")
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "may have 103") {
		t.Errorf("got %v", err)
	}
}

func TestPathFollowsTheEnvironment(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	if got, err := Path(); got != "/run/user/7/pilothouse/daemon.sock" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	for _, unusable := range []string{"", "relative"} {
		t.Setenv("XDG_RUNTIME_DIR", unusable)
		t.Setenv("TMPDIR", "/tmp/x")
		if got, err := Path(); !strings.HasPrefix(got, "/tmp/x/pilothouse-") || err != nil {
			t.Errorf("XDG_RUNTIME_DIR=%q: %s, %v", unusable, got, err)
		}
	}
}
