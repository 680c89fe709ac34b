package server

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// detachedProcess gives the daemon no console and keeps Ctrl+C from it.
func detachedProcess() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// leaveStdout gives up standard output, so that whoever reads it sees its end.
func leaveStdout() error {
	if err := os.Stdout.Close(); err != nil {
		return fmt.Errorf("leaving standard output: %w", err)
	}
	return nil
}
