// Command pilothouse-cluster runs a real Kubernetes cluster on one Linux machine, from programs that it builds itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/component"
	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/image"
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
	root.PersistentFlags().StringVar(&options.state, "state", os.Getenv("PILOTHOUSE_CLUSTER_STATE"), "the folder of the cluster's state (default $PILOTHOUSE_CLUSTER_STATE or ~/.local/state/pilothouse/cluster/<name>)")
	root.AddCommand(options.upCommand(), options.downCommand(), options.statusCommand(), options.kubeconfigCommand(), options.kubectlCommand(), superviseCommand())
	return root
}

func superviseCommand() *cobra.Command {
	return &cobra.Command{
		Use: supervisor.Command, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return supervisor.Main() },
	}
}

// stateFolder returns the folder of this cluster's state, which need not be there.
func (o *options) stateFolder() (string, error) {
	if err := config.CheckName(o.name); err != nil {
		return "", err
	}
	if o.state != "" {
		return filepath.Abs(o.state)
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

// builder returns what builds the cluster's programs.
func builder() (component.Builder, error) {
	_, file, _, _ := runtime.Caller(0)
	sources := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(sources, "components")); err != nil {
		return component.Builder{}, fmt.Errorf("the sources that this program was built from are gone, build it anew: %w", err)
	}
	cache, err := cacheFolder()
	return component.Builder{Sources: sources, Cache: cache, Progress: progress}, err
}

func cacheFolder() (string, error) {
	if folder := os.Getenv("PILOTHOUSE_CLUSTER_CACHE"); folder != "" {
		return filepath.Abs(folder)
	}
	base, err := userFolder("XDG_CACHE_HOME", ".cache")
	return filepath.Join(base, "pilothouse", "cluster"), err
}

func kitchen() (image.Kitchen, image.Store, error) {
	builder, err := builder()
	return image.Kitchen{Builder: builder}, image.Store{Folder: filepath.Join(builder.Cache, "images")}, err
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
