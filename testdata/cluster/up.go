//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/supervisor"
)

// upOptions are the flags of `up`.
type upOptions struct {
	*options
	fake   bool
	nodes  int
	images []string
	wait   bool
	json   bool
}

func (o *options) upCommand() *cobra.Command {
	up := &upOptions{options: o}
	command := &cobra.Command{
		Use: "up", Short: "Start the cluster, unless it is up", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return up.run(command) },
	}
	flags := command.Flags()
	flags.BoolVar(&up.fake, "fake", os.Geteuid() != 0, "a control plane with fake nodes, which needs no root: pods are said to run, there are no logs and no exec")
	flags.IntVar(&up.nodes, "nodes", 1, "how many fake nodes there are, with --fake")
	flags.StringSliceVar(&up.images, "image", nil, "more images to have in the registry, of those that `image build` makes")
	flags.BoolVar(&up.wait, "wait", true, "wait until pods can run and find each other")
	flags.BoolVar(&up.json, "json", false, "print what the cluster is as JSON")
	return command
}

// summary is what `up --json` prints.
type summary struct {
	Name       string  `json:"name"`
	Context    string  `json:"context"`
	Kubeconfig string  `json:"kubeconfig"`
	Server     string  `json:"server"`
	Registry   string  `json:"registry,omitempty"`
	State      string  `json:"state"`
	Kubectl    string  `json:"kubectl"`
	Fake       bool    `json:"fake"`
	WasUp      bool    `json:"wasUp"`
	Seconds    float64 `json:"seconds"`
}

func (o *upOptions) run(command *cobra.Command) error {
	ctx := command.Context()
	state, err := o.stateFolder()
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, state)
	if err != nil {
		return err
	}
	defer unlock()
	cluster, since, err := o.healthy(ctx, state)
	if err != nil {
		return err
	}
	wasUp := cluster != nil
	if !wasUp {
		if err := end(ctx, state); err != nil {
			return err
		}
		if cluster, err = o.start(ctx, state); err != nil {
			return err
		}
	}
	summary := summary{
		Name: cluster.Name, Context: cluster.Name, Kubeconfig: cluster.Kubeconfig(), Server: cluster.Server(), State: cluster.State,
		Kubectl: filepath.Join(cluster.Programs[0], "kubectl"), Fake: cluster.Fake, WasUp: wasUp, Seconds: time.Since(o.started).Seconds(),
	}
	if !cluster.Fake {
		summary.Registry = cluster.RegistryHost()
	}
	if o.json {
		encoder := json.NewEncoder(command.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(summary)
	}
	out := command.OutOrStdout()
	if wasUp {
		fmt.Fprintf(out, "cluster %q has been up for %s\n", cluster.Name, time.Since(since).Round(time.Second))
	} else {
		fmt.Fprintf(out, "cluster %q is up after %.1f s\n", cluster.Name, summary.Seconds)
	}
	_, err = fmt.Fprintf(out, "export KUBECONFIG=%s\n", summary.Kubeconfig)
	return err
}

// healthy returns the cluster that is up already, and since when it is, or nil when there is none or only a part of one.
func (o *upOptions) healthy(ctx context.Context, state string) (*config.Cluster, time.Time, error) {
	cluster, err := config.Read(state)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	} else if err != nil {
		return nil, time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	report, err := examine(ctx, cluster)
	if err != nil || !report.Up {
		progress("cluster %q is not whole, it is started anew", cluster.Name)
		return nil, time.Time{}, nil
	}
	if cluster.Fake != o.fake {
		return nil, time.Time{}, fmt.Errorf("cluster %q is up with %s: end it before you start another kind", cluster.Name, kind(cluster))
	}
	return cluster, report.Since, nil
}

func kind(cluster *config.Cluster) string {
	if cluster.Fake {
		return "fake nodes"
	}
	return "a real node"
}

// start builds what is missing, starts the cluster and waits for it.
func (o *upOptions) start(ctx context.Context, state string) (*config.Cluster, error) {
	if !o.fake && os.Geteuid() != 0 {
		return nil, errors.New("a real node needs root; --fake does not")
	}
	builder, err := builder()
	if err != nil {
		return nil, err
	}
	programs, recipes, err := build(ctx, builder, o.fake, o.images)
	if err != nil {
		return nil, err
	}
	cluster := &config.Cluster{Name: o.name, Fake: o.fake, State: state, Programs: programs}
	store, err := imageStore()
	if err != nil {
		return nil, err
	}
	for _, recipe := range recipes {
		if err := store.Seed(ctx, cluster.File("registry"), recipe); err != nil {
			return nil, fmt.Errorf("putting %s into the registry: %w", recipe.Names[0], err)
		}
	}
	if err := supervisor.Start(ctx, cluster); err != nil {
		return nil, err
	}
	if !o.wait {
		return cluster, nil
	}
	return cluster, o.waitFor(ctx, cluster)
}
