// Package image makes the images of the tests from static programs and from files of the machine, keeps them by content
// between runs and gives them to a cluster's registry.
package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Recipe is an image before it is made.
type Recipe struct {
	// Names are the image's names without a registry, such as busybox:latest.
	Names  []string
	Config v1.Config
	Files  Files
}

// Store keeps made images in a folder, each as an OCI layout.
type Store struct {
	Folder string
}

// Make returns the image of a recipe, which it makes unless it did before with the same files.
func (s Store) Make(recipe Recipe) (v1.Image, error) {
	folder, err := s.folder(recipe)
	if err != nil {
		return nil, fmt.Errorf("reading the files of %s: %w", recipe.Names[0], err)
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		if err := s.make(recipe, folder); err != nil {
			return nil, fmt.Errorf("making %s: %w", recipe.Names[0], err)
		}
	}
	return only(folder)
}

func (s Store) folder(recipe Recipe) (string, error) {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(recipe.Config); err != nil {
		return "", err
	}
	if err := recipe.Files.identify(sum); err != nil {
		return "", err
	}
	name, _, err := cutTag(recipe.Names[0])
	if err != nil {
		return "", err
	}
	return filepath.Join(s.Folder, filepath.Base(name)+"-"+hex.EncodeToString(sum.Sum(nil))[:12]), nil
}

// make leaves either the whole folder or nothing.
func (s Store) make(recipe Recipe, folder string) error {
	if err := os.MkdirAll(s.Folder, 0o755); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(s.Folder, ".unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	layer, err := recipe.Files.layer(filepath.Join(unfinished, "layer.tar"))
	if err != nil {
		return err
	}
	image, err := assemble(recipe.Config, layer)
	if err != nil {
		return err
	}
	path, err := layout.Write(filepath.Join(unfinished, "image"), empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendImage(image); err != nil {
		return err
	}
	if err := os.Rename(string(path), folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err // when it exists somebody else has made it meanwhile
	}
	return nil
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
