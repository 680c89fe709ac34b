//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/addon"
	"pilothouse/testdata/cluster/cache"
	"pilothouse/testdata/cluster/component"
	"pilothouse/testdata/cluster/debian"
	"pilothouse/testdata/cluster/image"
)

// buildCommand builds what `up` would, so that a later `up` is fast.
func buildCommand() *cobra.Command {
	var fake bool
	var images []string
	command := &cobra.Command{
		Use: "build", Short: "Build the cluster's programs and images without starting it", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			builder, err := builder()
			if err != nil {
				return err
			}
			_, _, err = build(command.Context(), builder, fake, images)
			return err
		},
	}
	command.Flags().BoolVar(&fake, "fake", os.Geteuid() != 0, "only what `up --fake` needs")
	command.Flags().StringSliceVar(&images, "with", nil, "more images to make: "+strings.Join(image.Names(), ", "))
	return command
}

// build returns the folders of the programs, Kubernetes' first, and the recipes of the images, which are made. It builds,
// makes and installs whatever is missing.
func build(ctx context.Context, builder component.Builder, fake bool, images []string) (programs []string, recipes []image.Recipe, err error) {
	components := []component.Component{component.Kubernetes()}
	if !fake {
		components = append(components, component.Containerd(), component.Runc(), component.CNI(), component.Registry())
		images = append(append(image.Basic(), addon.Images()...), images...)
		if err := debian.Ensure(ctx, progress, debian.Nftables()); err != nil {
			return nil, nil, err
		}
	}
	for _, one := range components {
		folder, err := builder.Build(ctx, one)
		if err != nil {
			return nil, nil, err
		}
		programs = append(programs, folder)
	}
	store, err := imageStore()
	if err != nil {
		return nil, nil, err
	}
	kitchen := image.Kitchen{Builder: builder}
	for _, name := range images {
		recipe, err := kitchen.Recipe(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if _, err := store.Make(ctx, recipe); err != nil {
			return nil, nil, err
		}
		recipes = append(recipes, recipe)
	}
	return programs, recipes, nil
}

// builder returns what builds the cluster's programs.
func builder() (component.Builder, error) {
	_, file, _, _ := runtime.Caller(0)
	sources := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(sources, "components")); err != nil {
		return component.Builder{}, fmt.Errorf("the sources that this program was built from are gone, build it anew: %w", err)
	}
	cache, err := kept("bin")
	return component.Builder{Sources: sources, Cache: cache, Progress: progress}, err
}

func imageStore() (image.Store, error) {
	cache, err := kept("images")
	return image.Store{Cache: cache}, err
}

// kept returns one of the caches of what is made once for all clusters.
func kept(name string) (cache.Cache, error) {
	folder := os.Getenv("PILOTHOUSE_CLUSTER_CACHE")
	if folder == "" {
		base, err := userFolder("XDG_CACHE_HOME", ".cache")
		if err != nil {
			return cache.Cache{}, err
		}
		folder = filepath.Join(base, "pilothouse", "cluster")
	}
	folder, err := filepath.Abs(folder)
	return cache.Cache{
		Folder:  filepath.Join(folder, name),
		Waiting: func(what string) { progress("waiting for another process that makes %s", what) },
	}, err
}
