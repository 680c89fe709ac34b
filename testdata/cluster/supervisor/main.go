package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/node"
)

// Main is the supervisor's process. It learns on its standard input which state folder is its own, as soon as everything
// that it needs is there, and ends when the input ends without a word.
func Main() error {
	// The first process of a pid namespace ignores the signals that it does not ask for.
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	state, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if state = bytes.TrimSpace(state); len(state) == 0 {
		return errors.New("nobody tells the state folder")
	}
	cluster, err := config.Read(string(state))
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(cluster.File(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another supervisor holds %s: %w", lock.Name(), err)
	}
	inherited := lock
	if !cluster.Fake {
		inherited = nil // the pid namespace ends every process
		if err := node.Enter(cluster); err != nil {
			return fmt.Errorf("making the node: %w", err)
		}
	}
	programs, err := programs(cluster)
	if err != nil {
		return err
	}
	s := newSupervisor(cluster, programs, inherited)
	listener, err := listen(cluster)
	if err != nil {
		return fmt.Errorf("listening for commands: %w", err)
	}
	defer listener.Close()
	go func() {
		if err := s.serve(ctx, listener); err != nil {
			log.Print("no more commands: ", err)
		}
	}()
	s.run(ctx)
	return nil
}
