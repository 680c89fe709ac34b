package server

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// detachedProcess puts the daemon into a session of its own: what ends the
// terminal or the editor does not end the daemon.
func detachedProcess() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// leaveStdout gives up standard output, so that whoever reads it sees its end.
// The descriptor stays taken: no other file comes to stand where prints would go.
func leaveStdout() error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("leaving standard output: %w", err)
	}
	defer null.Close()
	if err := unix.Dup3(int(null.Fd()), int(os.Stdout.Fd()), 0); err != nil {
		return fmt.Errorf("leaving standard output: %w", err)
	}
	return nil
}
