package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/component"
	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/image"
	"pilothouse/testdata/cluster/supervisor"
)

func (o *options) upCommand() *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Start the cluster, unless it is up", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.up(command.Context()) },
	}
}

func (o *options) up(ctx context.Context) error {
	state, err := o.stateFolder()
	if err != nil {
		return err
	}
	if err := o.down(ctx); err != nil {
		return err
	}
	cluster := &config.Cluster{Name: o.name, State: state}
	kitchen, store, err := kitchen()
	if err != nil {
		return err
	}
	for _, c := range []component.Component{component.Kubernetes(), component.Containerd(), component.Runc(), component.CNI(), component.Registry()} {
		folder, err := kitchen.Builder.Build(ctx, c)
		if err != nil {
			return err
		}
		cluster.Programs = append(cluster.Programs, folder)
	}
	for _, name := range image.Basic() {
		recipe, err := kitchen.Recipe(ctx, name)
		if err != nil {
			return err
		}
		if err := store.Seed(cluster.File("registry"), recipe); err != nil {
			return err
		}
	}
	if err := supervisor.Start(cluster); err != nil {
		return err
	}
	for {
		all, err := supervisor.Dial(cluster).Status(ctx)
		ready := err == nil
		for _, p := range all {
			if p.State != supervisor.Ready {
				ready = false
			}
			if p.State == supervisor.Failed {
				return fmt.Errorf("%s: %s", p.Name, p.Error)
			}
		}
		if ready {
			break
		}
		if time.Since(o.started) > 10*time.Minute {
			return fmt.Errorf("deadline")
		}
		time.Sleep(20 * time.Millisecond)
	}
	progress("up after %s", time.Since(o.started))
	return nil
}

func (o *options) downCommand() *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "End the cluster and remove all of it", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.down(command.Context()) },
	}
}

func (o *options) down(ctx context.Context) error {
	state, err := o.stateFolder()
	if err != nil {
		return err
	}
	if cluster, err := config.Read(state); err == nil {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if err := supervisor.Kill(ctx, cluster); err != nil {
			return err
		}
	}
	return os.RemoveAll(state)
}
