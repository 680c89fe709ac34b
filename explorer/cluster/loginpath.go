package cluster

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// loginShellTime is what a login shell with slow profiles gets.
	loginShellTime = 10 * time.Second
	// maxProfileOutput bounds what profiles may print.
	maxProfileOutput = 1 << 20
	// pathMark stands around PATH in what the shell prints, since profiles print, too.
	pathMark = "__pilothouse_path__"
	// printPath is a constant: nothing of the user's is ever put into it.
	printPath = "echo " + pathMark + "; printenv PATH; echo " + pathMark
)

// LoginPath gives the PATH that the user's login shell sets up, for finding
// credential plugins when an editor was started from the desktop and so never saw
// the shell's profiles. It answers "" when the process was started from a shell,
// which has set PATH already, and when the shell tells nothing within ten seconds.
func LoginPath(ctx context.Context) string {
	if startedFromShell(os.Getenv) {
		return ""
	}
	shell := loginShell(os.Getenv("SHELL"), os.Getuid(), "/etc/passwd")
	if shell == "" {
		return ""
	}
	return askShell(ctx, shell)
}

// startedFromShell tells whether a shell is among our parents: it counts its
// depth in SHLVL, and a desktop has no terminal to name in TERM.
func startedFromShell(getenv func(string) string) bool {
	term := getenv("TERM")
	return getenv("SHLVL") != "" && term != "" && term != "dumb"
}

// loginShell gives the shell from the environment, else from the passwd file.
func loginShell(fromEnvironment string, uid int, passwd string) string {
	if fromEnvironment != "" {
		return fromEnvironment
	}
	content, err := readRegularFile(passwd, maxProfileOutput)
	if err != nil {
		return ""
	}
	return shellOf(uid, string(content))
}

// askShell starts a shell as a terminal does, login and interactive, since either
// kind of profile may set PATH, and has it print PATH.
func askShell(ctx context.Context, shell string) string {
	ctx, cancel := context.WithTimeout(ctx, loginShellTime)
	defer cancel()
	output := &head{max: maxProfileOutput}
	cmd := exec.CommandContext(ctx, shell, "-l", "-i", "-c", printPath)
	inOwnGroup(cmd)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "TERM=dumb")
	cmd.Stdout = output
	// How it ended does not matter: profiles may fail after PATH was printed.
	_ = cmd.Run()
	return betweenMarks(output.kept)
}

func betweenMarks(output []byte) string {
	_, after, found := bytes.Cut(output, []byte(pathMark))
	if !found {
		return ""
	}
	between, _, found := bytes.Cut(after, []byte(pathMark))
	if !found {
		return ""
	}
	return strings.TrimSpace(string(between))
}
