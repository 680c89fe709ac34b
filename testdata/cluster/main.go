//go:build linux

// Command pilothouse-cluster runs a real Kubernetes cluster on one Linux machine, from programs that it builds itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/fakenode"
	"pilothouse/testdata/cluster/supervisor"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pilothouse-cluster:", err)
		os.Exit(1)
	}
}

// options are the flags that every command has.
type options struct {
	name  string
	state string
	// started is when the command was, for the times that it tells
	started time.Time
}

func command() *cobra.Command {
	options := &options{started: time.Now()}
	root := &cobra.Command{
		Use:           "pilothouse-cluster",
		Short:         "A real Kubernetes cluster for tests, on this machine",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&options.name, "name", "pilothouse", "the cluster's name, which is also the name of its context")
	root.PersistentFlags().StringVar(&options.state, "state", os.Getenv("PILOTHOUSE_CLUSTER_STATE"), "the folder that clusters have their state in, each in one of its name (default $PILOTHOUSE_CLUSTER_STATE or ~/.local/state/pilothouse/cluster)")
	root.AddCommand(
		options.upCommand(), options.downCommand(), options.statusCommand(),
		options.kubeconfigCommand(), options.kubectlCommand(), options.logsCommand(),
		options.programCommand("start", "Start one of the cluster's programs", (*supervisor.Client).Start),
		options.programCommand("stop", "End one of the cluster's programs with SIGKILL", (*supervisor.Client).Stop),
		options.programCommand("restart", "End one of the cluster's programs with SIGKILL and start it", (*supervisor.Client).Restart),
		options.compactCommand(), options.loadCommand(), options.imageCommand(), buildCommand(),
		superviseCommand(), fakeNodesCommand(),
	)
	return root
}

// superviseCommand is the process that owns the others.
func superviseCommand() *cobra.Command {
	return &cobra.Command{
		Use: supervisor.Command, Hidden: true, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return supervisor.Main(command.Context(), logger(command))
		},
	}
}

// logger writes the log of a process of the cluster.
func logger(command *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(command.ErrOrStderr(), nil))
}

// fakeNodesCommand is the process that makes fake nodes look alive.
func fakeNodesCommand() *cobra.Command {
	return &cobra.Command{
		Use: supervisor.FakeNodes, Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return fakenode.Main(command.Context(), args[0], logger(command))
		},
	}
}

// stateFolder returns the folder of this cluster's state, which need not be there.
func (o *options) stateFolder() (string, error) {
	if err := config.CheckName(o.name); err != nil {
		return "", err
	}
	if o.state != "" {
		return filepath.Abs(filepath.Join(o.state, o.name))
	}
	base, err := userFolder("XDG_STATE_HOME", ".local", "state")
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "pilothouse", "cluster", o.name), nil
}

func userFolder(variable string, otherwise ...string) (string, error) {
	if folder := os.Getenv(variable); folder != "" {
		return filepath.Abs(folder)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(append([]string{home}, otherwise...)...), nil
}

// cluster returns the cluster that was started last, whether or not it still runs.
func (o *options) cluster() (*config.Cluster, error) {
	state, err := o.stateFolder()
	if err != nil {
		return nil, err
	}
	cluster, err := config.Read(state)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cluster %q is not up", o.name)
	}
	return cluster, err
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
