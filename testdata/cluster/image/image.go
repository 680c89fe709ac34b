// Package image makes the images of the tests from static programs and from files of the machine, keeps them by content
// between runs and gives them to a cluster's registry.
package image

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"pilothouse/testdata/cluster/cache"
)

// Recipe is an image before it is made.
type Recipe struct {
	// Names are the image's names without a registry, such as busybox:latest.
	Names  []string
	Config v1.Config
	Files  Files
}

// Store keeps made images, each as an OCI layout.
type Store struct {
	Cache cache.Cache
}

// Make returns the image of a recipe, which it makes unless it did before with the same files.
func (s Store) Make(ctx context.Context, recipe Recipe) (v1.Image, error) {
	folder, err := s.layout(ctx, recipe)
	if err != nil {
		return nil, err
	}
	return only(folder)
}

// layout returns the folder of the image's OCI layout.
func (s Store) layout(ctx context.Context, recipe Recipe) (string, error) {
	repository, _, err := cutTag(recipe.Names[0])
	if err != nil {
		return "", err
	}
	content := func(to io.Writer) error {
		if err := json.NewEncoder(to).Encode(recipe.Config); err != nil {
			return err
		}
		return recipe.Files.identify(to)
	}
	return s.Cache.Get(ctx, path.Base(repository), content, func(folder string) error {
		if err := write(recipe, folder); err != nil {
			return fmt.Errorf("making %s: %w", recipe.Names[0], err)
		}
		return nil
	})
}

func write(recipe Recipe, folder string) error {
	file := filepath.Join(folder, "layer.tar")
	layer, err := recipe.Files.layer(file)
	if err != nil {
		return err
	}
	image, err := assemble(recipe.Config, layer)
	if err != nil {
		return err
	}
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendImage(image); err != nil {
		return err
	}
	return os.Remove(file) // the layout has its own copy
}

func assemble(config v1.Config, layer v1.Layer) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(image, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Architecture, file.OS, file.Config = architecture, "linux", config
	return mutate.ConfigFile(image, file)
}

// only returns the one image of an OCI layout.
func only(folder string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("%s holds %d images", folder, len(manifest.Manifests))
	}
	return index.Image(manifest.Manifests[0].Digest)
}
