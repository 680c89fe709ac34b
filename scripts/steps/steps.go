// Package steps runs the parts of a longer job and tells what is being done and
// how long it took.
package steps

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Steps prints to Out. The zero Steps with Out set is ready to use.
type Steps struct {
	Out io.Writer
}

// Do prints what is being done, does it, and prints how long it took. It
// answers the error of do, after printing it.
func (s Steps) Do(what string, do func() error) error {
	fmt.Fprintf(s.Out, "... %s\n", what)
	started := time.Now()
	err := do()
	took := time.Since(started).Seconds()
	if err != nil {
		fmt.Fprintf(s.Out, "==> %s FAILED (%.1f s)\n    %s\n", what, took, indent(err.Error()))
		return err
	}
	fmt.Fprintf(s.Out, "==> %s (%.1f s)\n", what, took)
	return nil
}

func indent(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}

// Command is a program to run: an argument vector, never a shell's line.
type Command struct {
	Args []string
	// Dir is where it runs; "" is here.
	Dir string
	// Env is added to the environment.
	Env []string
	// Out takes what it prints. Nil keeps it for the error.
	Out io.Writer
}

// Run runs the command to its end. When it fails, the error carries the last
// lines that no Out took.
func Run(ctx context.Context, c Command) error {
	command := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	command.Dir = c.Dir
	command.Env = append(os.Environ(), c.Env...)
	// An interrupted program is asked to end, so that it can clean up after itself.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	last := &lastLines{}
	command.Stdout, command.Stderr = io.Writer(last), io.Writer(last)
	if c.Out != nil {
		command.Stdout, command.Stderr = c.Out, c.Out
	}
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, last)
	}
	return nil
}

// Output runs the command and answers what it printed on its standard output,
// without the white space around it.
func Output(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	last := &lastLines{}
	command.Stderr = last
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, last)
	}
	return strings.TrimSpace(string(out)), nil
}

// Quiet passes on to out what is written to it, but for the lines in which the go
// command tells what it downloads: on a new machine that is a thousand modules.
func Quiet(out io.Writer) io.Writer { return &quiet{out: out} }

type quiet struct {
	out io.Writer
	// line is the line that has not ended yet.
	line []byte
}

func (q *quiet) Write(p []byte) (int, error) {
	q.line = append(q.line, p...)
	for {
		end := bytes.IndexByte(q.line, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := q.line[:end+1]
		if !bytes.HasPrefix(line, []byte("go: downloading ")) {
			if _, err := q.out.Write(line); err != nil {
				return 0, fmt.Errorf("printing progress: %w", err)
			}
		}
		q.line = append(q.line[:0], q.line[end+1:]...)
	}
}

// lastLines keeps the end of what is written to it.
type lastLines struct{ text []byte }

const maxKept = 16 << 10

func (l *lastLines) Write(p []byte) (int, error) {
	l.text = append(l.text, p...)
	if excess := len(l.text) - maxKept; excess > 0 {
		l.text = append(l.text[:0], l.text[excess:]...)
	}
	return len(p), nil
}

func (l *lastLines) String() string { return string(l.text) }
