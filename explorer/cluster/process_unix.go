//go:build unix

package cluster

import (
	"os/exec"
	"syscall"
)

// inOwnGroup makes cmd lead a session of its own, without a terminal, and kills
// all of it when the context of cmd ends: scripts start other programs.
func inOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
