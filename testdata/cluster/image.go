//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/image"
)

func (o *options) imageCommand() *cobra.Command {
	command := &cobra.Command{Use: "image", Short: "Make images and give them to the cluster's registry"}
	command.AddCommand(
		&cobra.Command{
			Use: "import FILE...", Short: "Give the images of a `docker save` file or an OCI archive to the registry", Args: cobra.MinimumNArgs(1),
			RunE: o.importImages,
		},
		&cobra.Command{
			Use: "build NAME...", Short: "Make images of the tests (" + strings.Join(image.Names(), ", ") + ") and give them to the registry", Args: cobra.MinimumNArgs(1),
			RunE: o.buildImages,
		},
	)
	return command
}

// registry returns a cluster that has one.
func (o *options) registry() (*config.Cluster, error) {
	cluster, err := o.cluster()
	if err == nil && cluster.Fake {
		err = fmt.Errorf("cluster %q has no registry: no image runs on a fake node", cluster.Name)
	}
	return cluster, err
}

func (o *options) importImages(command *cobra.Command, files []string) error {
	cluster, err := o.registry()
	if err != nil {
		return err
	}
	for _, file := range files {
		archive, err := image.Open(file)
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		for _, one := range archive.Images {
			if err := image.Push(command.Context(), cluster.RegistryHost(), one.Image, one.Names...); err != nil {
				archive.Close()
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "imported %s\n", strings.Join(one.Names, " "))
		}
		if err := archive.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) buildImages(command *cobra.Command, names []string) error {
	cluster, err := o.registry()
	if err != nil {
		return err
	}
	builder, err := builder()
	if err != nil {
		return err
	}
	store, err := imageStore()
	if err != nil {
		return err
	}
	kitchen := image.Kitchen{Builder: builder}
	for _, name := range names {
		started := time.Now()
		recipe, err := kitchen.Recipe(command.Context(), name)
		if err != nil {
			return err
		}
		// The registry reads its storage anew with every request, so the image can be put there at once.
		if err := store.Seed(command.Context(), cluster.File("registry"), recipe); err != nil {
			return err
		}
		fmt.Fprintf(command.OutOrStdout(), "made %s in %.1f s\n", strings.Join(recipe.Names, " "), time.Since(started).Seconds())
	}
	return nil
}
