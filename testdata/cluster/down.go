//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/supervisor"
)

func (o *options) downCommand() *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "End the cluster and remove all of it", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.down(command) },
	}
}

func (o *options) down(command *cobra.Command) error {
	state, err := o.stateFolder()
	if err != nil {
		return err
	}
	if _, err := os.Stat(state); errors.Is(err, fs.ErrNotExist) {
		_, err := fmt.Fprintf(command.OutOrStdout(), "cluster %q is not up\n", o.name)
		return err
	}
	unlock, err := lock(command.Context(), state)
	if err != nil {
		return err
	}
	defer unlock()
	if err := end(command.Context(), state); err != nil {
		return err
	}
	if err := os.Remove(state); err != nil {
		return err
	}
	_, err = fmt.Fprintf(command.OutOrStdout(), "cluster %q is gone after %.1f s\n", o.name, time.Since(o.started).Seconds())
	return err
}

// end ends whatever runs of a cluster and empties its state folder.
func end(ctx context.Context, state string) error {
	cluster, err := config.Read(state)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if err := supervisor.Kill(ctx, cluster); err != nil {
			return fmt.Errorf("ending cluster %q: %w", cluster.Name, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(state)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(state, entry.Name())); err != nil {
			return fmt.Errorf("removing the state of the cluster: %w", err)
		}
	}
	return nil
}

// lock keeps two commands from starting and ending the same cluster at a time. The lock is the state folder itself, which
// it makes when it is not there.
func lock(ctx context.Context, state string) (unlock func(), err error) {
	for {
		if err := os.MkdirAll(state, 0o750); err != nil {
			return nil, err
		}
		folder, err := os.Open(state)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody removes it just now
		} else if err != nil {
			return nil, err
		}
		err = unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && isAt(folder, state) {
			return func() { _ = folder.Close() }, nil // which is what unlocks
		}
		if closeErr := folder.Close(); closeErr != nil {
			return nil, closeErr
		}
		if err != nil && !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", state, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another command starts or ends the cluster in %s: %w", state, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// isAt tells whether an open folder is still the one at path: it may have been removed while it was waited for.
func isAt(folder *os.File, path string) bool {
	open, err := folder.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(open, there)
}
