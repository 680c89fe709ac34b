package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// The user's profile lets in the user and administrators alone, and the folders
// in it inherit that. Windows tells nobody who made the other end of a socket, so
// neither the folder's owner nor the peer is checked here.

// errRefused is what a socket answers that nobody listens at any more.
const errRefused = windows.WSAECONNREFUSED

func userFolder() (string, error) {
	profile, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(profile, "pilothouse"), nil
}

func checkOwner(string, fs.FileInfo, int) error { return nil }

func checkPeer(*net.UnixConn, int) error { return nil }

// takeLock locks the file at path until it is closed or the process ends.
func takeLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the socket: %w", err)
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return nil, ErrRunning
	}
	return nil, fmt.Errorf("locking the socket: %w", err)
}
