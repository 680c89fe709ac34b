package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pilothouse/explorer/problem"
)

// What a detached daemon prints when a client can connect.
const (
	readyWord   = "ready"   // to this daemon
	yieldedWord = "yielded" // to another, which was there first; this one ends
)

// mostCrashes is how large the file for the daemon's standard error may grow.
const mostCrashes = 1 << 20

// start runs the daemon as a process of its own, which outlives this one, and
// waits until it is ready.
func (o ConnectOptions) start(ctx context.Context) error {
	o.Log.Info("starting the daemon", "command", o.Command)
	if err := o.launch(ctx); err != nil {
		return &problem.Error{
			Code:        problem.Internal,
			Message:     "the daemon did not start",
			Tried:       strings.Join(o.Command, " "),
			Suggestions: []string{"pilothouse doctor tells what is wrong with the set-up", "look into its log: " + LogPath()},
			Err:         err,
		}
	}
	return nil
}

func (o ConnectOptions) launch(ctx context.Context) error {
	said, from, err := openCrashFile()
	if err != nil {
		return err
	}
	defer said.Close()
	ready, stdout, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	defer ready.Close()

	command := exec.CommandContext(context.WithoutCancel(ctx), o.Command[0], o.Command[1:]...)
	command.Dir = rootFolder()
	command.Env = daemonEnvironment()
	command.Stdout, command.Stderr = stdout, said
	command.SysProcAttr = detachedProcess()
	err = command.Start()
	stdout.Close()
	if err != nil {
		return fmt.Errorf("starting %s: %w", o.Command[0], err)
	}
	switch awaitWord(ctx, ready) {
	case readyWord:
		// Nobody waits for it: it goes on when this process has ended.
		return command.Process.Release()
	case yieldedWord:
		return command.Wait()
	}
	if ctx.Err() != nil {
		_ = command.Process.Kill() // it would be in the way of the next attempt
	}
	return errors.Join(command.Wait(), lastWords(io.NewSectionReader(said, from, 4<<10)))
}

// awaitWord gives what the daemon has printed when it gives up its standard
// output or ends; "" when ctx ends first.
func awaitWord(ctx context.Context, ready *os.File) string {
	stop := context.AfterFunc(ctx, func() { ready.Close() })
	defer stop()
	printed, err := io.ReadAll(io.LimitReader(ready, 1<<10))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(printed))
}

// openCrashFile opens the file for the daemon's standard error, and tells where
// its end is now.
func openCrashFile() (file *os.File, end int64, err error) {
	if err := os.MkdirAll(stateFolder(), 0o700); err != nil {
		return nil, 0, fmt.Errorf("making the folder of the log: %w", err)
	}
	file, err = os.OpenFile(crashPath(), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the daemon's standard error: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() > mostCrashes {
		// Only what happened last is of interest.
		return file, 0, file.Truncate(0)
	}
	if err != nil {
		file.Close()
		return nil, 0, fmt.Errorf("opening the daemon's standard error: %w", err)
	}
	return file, info.Size(), nil
}

// lastWords is what the daemon wrote to its standard error.
func lastWords(said io.Reader) error {
	words, err := io.ReadAll(said)
	if text := strings.TrimSpace(string(words)); err == nil && text != "" {
		return errors.New(text)
	}
	return err
}

// daemonEnvironment is this process's, but for paths that depend on where it stands.
func daemonEnvironment() []string {
	environment := os.Environ()
	if paths := kubeconfig(); len(paths) > 0 {
		environment = append(environment, "KUBECONFIG="+strings.Join(paths, string(filepath.ListSeparator)))
	}
	return environment
}

// rootFolder is a folder that nobody wants to remove or unmount.
func rootFolder() string {
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	return filepath.VolumeName(folder) + string(filepath.Separator)
}
