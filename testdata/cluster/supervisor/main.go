package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/node"
)

// Main is the supervisor's process, until ctx ends. It learns on its standard input which state folder is its own, as
// soon as everything that it needs is there, and ends when the input ends without a word.
func Main(ctx context.Context, logger *slog.Logger) error {
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
	s := newSupervisor(cluster, programs, inherited, logger)
	listener, err := listen(ctx, cluster)
	if err != nil {
		return fmt.Errorf("listening for commands: %w", err)
	}
	commands := s.server(ctx)
	ended := make(chan error, 1)
	go func() { ended <- commands.Serve(listener) }()
	s.run(ctx)
	return errors.Join(commands.Close(), ignoreClosed(<-ended))
}

// ignoreClosed drops the error with which a server tells that it was closed.
func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
