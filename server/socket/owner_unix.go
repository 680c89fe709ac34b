//go:build linux || darwin

package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// errRefused is what a socket answers that nobody listens at any more.
const errRefused = syscall.ECONNREFUSED

func userFolder() (string, error) {
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(runtime) {
		return filepath.Join(runtime, "pilothouse"), nil
	}
	return filepath.Join(os.TempDir(), "pilothouse-"+strconv.Itoa(os.Getuid())), nil
}

func checkOwner(folder string, info fs.FileInfo, uid int) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("the owner of %s cannot be told", folder)
	}
	if int(stat.Uid) != uid {
		return fmt.Errorf("%s is not to be trusted: %w (uid %d)", folder, ErrForeign, stat.Uid)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return fmt.Errorf("%s is open to other users (mode %04o, wanted 0700)", folder, info.Mode().Perm())
	}
	return nil
}

func checkUser(peer, uid int) error {
	if peer != uid {
		return fmt.Errorf("the other end is not to be trusted: %w (uid %d)", ErrForeign, peer)
	}
	return nil
}

// takeLock locks the file at path until it is closed or the process ends.
func takeLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the socket: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, ErrRunning
	}
	return nil, fmt.Errorf("locking the socket: %w", err)
}
