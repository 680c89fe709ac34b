package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// ErrRunning tells that another daemon listens at the path, or is about to.
var ErrRunning = errors.New("another daemon holds the socket")

// ErrForeign tells that the folder or the other end belongs to another user.
var ErrForeign = errors.New("it belongs to another user")

// ErrAbsent tells that no daemon listens at the path.
var ErrAbsent = errors.New("no daemon is there")

// longest is the longest path that every system takes for a socket (macOS: 104 with its NUL).
const longest = 103

// Path is where the user's daemon listens:
// $XDG_RUNTIME_DIR/pilothouse/daemon.sock where that is set, else a folder of the
// user's own in the system's temporary folder (Windows: in the user's profile).
func Path() (string, error) {
	folder, err := userFolder()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the daemon's socket: %w", err)
	}
	return filepath.Join(folder, "daemon.sock"), nil
}

// Listener accepts connections of the user's own processes.
type Listener struct {
	*net.UnixListener
	lock *os.File
}

// Listen makes the folder of path where there is none, takes the lock and
// listens. It answers ErrRunning while another process has the lock.
func Listen(path string) (*Listener, error) {
	if len(path) > longest {
		return nil, fmt.Errorf("the path of the socket has %d bytes and may have %d: %s", len(path), longest, path)
	}
	folder := filepath.Dir(path)
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("making the folder of the socket: %w", err)
	}
	if err := CheckFolder(folder); err != nil {
		return nil, err
	}
	lock, err := takeLock(path + ".lock")
	if err != nil {
		return nil, err
	}
	listener, err := listen(path)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &Listener{UnixListener: listener, lock: lock}, nil
}

// listen is called with the lock held: a socket that stands there is stale.
func listen(path string) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing a stale socket: %w", err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening on the socket: %w", err)
	}
	return listener, nil
}

// Accept waits for the next connection. It answers ErrForeign for one that
// another user made, which it has closed; the listener goes on.
func (l *Listener) Accept() (net.Conn, error) {
	conn, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	if err := checkPeer(conn, os.Getuid()); err != nil {
		conn.Close()
		return nil, fmt.Errorf("refusing a connection: %w", err)
	}
	return conn, nil
}

// Close stops listening, removes the socket and gives back the lock.
func (l *Listener) Close() error {
	// The lock last: whoever waits for it finds no socket.
	return errors.Join(l.UnixListener.Close(), l.lock.Close())
}

// Dial connects to the daemon that listens at path. It answers ErrAbsent where
// there is none.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	if err := CheckFolder(filepath.Dir(path)); err != nil {
		return nil, dialError(err)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, dialError(err)
	}
	if err := checkPeer(conn.(*net.UnixConn), os.Getuid()); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connecting to the daemon: %w", err)
	}
	return conn, nil
}

func dialError(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, errRefused) {
		err = fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return fmt.Errorf("connecting to the daemon: %w", err)
}

// CheckFolder tells whether the folder of the socket is safe to use: a folder,
// the user's own, and closed to everybody else.
func CheckFolder(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return fmt.Errorf("looking at the folder of the socket: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", folder)
	}
	return checkOwner(folder, info, os.Getuid())
}
