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
		if err := debian.Ensure(ctx, progress, debian.Nftables(), debian.Busybox()); err != nil {
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
	kitchen, store := image.Kitchen{Builder: builder}, imageStore(builder)
	for _, name := range images {
		recipe, err := kitchen.Recipe(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if _, err := store.Make(recipe); err != nil {
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

func imageStore(builder component.Builder) image.Store {
	return image.Store{Folder: filepath.Join(builder.Cache, "images")}
}
