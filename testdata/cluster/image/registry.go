package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// repositories returns where a registry keeps an image's name: `busybox` is library/busybox for those who mean Docker
// Hub's, and busybox for those who name the registry.
func repositories(imageName string) (repositories []string, tag string, err error) {
	repository, tag, err := cutTag(imageName)
	if err != nil {
		return nil, "", err
	}
	if strings.Contains(repository, "/") {
		return []string{repository}, tag, nil
	}
	return []string{repository, "library/" + repository}, tag, nil
}

// cutTag checks a name and cuts its tag off, which is latest when there is none.
func cutTag(imageName string) (repository, tag string, err error) {
	parsed, err := name.NewTag("registry.invalid/" + imageName)
	if err != nil {
		return "", "", err
	}
	return parsed.RepositoryStr(), parsed.TagStr(), nil
}

// Push gives an image to the registry at host, under each of its names.
func Push(ctx context.Context, host string, image v1.Image, names ...string) error {
	for _, imageName := range names {
		repositories, tag, err := repositories(imageName)
		if err != nil {
			return err
		}
		for _, repository := range repositories {
			reference, err := name.NewTag(fmt.Sprintf("%s/%s:%s", host, repository, tag), name.Insecure)
			if err != nil {
				return err
			}
			if err := remote.Write(reference, image, remote.WithContext(ctx)); err != nil {
				return fmt.Errorf("pushing %s: %w", reference, err)
			}
		}
	}
	return nil
}

// Seed puts an image into the storage of a Distribution registry. What the registry never changes is linked and not
// copied, so it costs no time.
func (s Store) Seed(ctx context.Context, storage string, recipe Recipe) error {
	layout, err := s.layout(ctx, recipe)
	if err != nil {
		return err
	}
	image, err := only(layout)
	if err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	blobs := []v1.Hash{manifest.Config.Digest}
	for _, layer := range manifest.Layers {
		blobs = append(blobs, layer.Digest)
	}
	root := filepath.Join(storage, "docker", "registry", "v2")
	for _, hash := range append(blobs, digest) {
		source := filepath.Join(layout, "blobs", hash.Algorithm, hash.Hex)
		if err := link(source, filepath.Join(root, "blobs", hash.Algorithm, hash.Hex[:2], hash.Hex, "data")); err != nil {
			return err
		}
	}
	for _, imageName := range recipe.Names {
		repositories, tag, err := repositories(imageName)
		if err != nil {
			return err
		}
		for _, repository := range repositories {
			folder := filepath.Join(root, "repositories", repository)
			links := []string{
				filepath.Join(folder, "_manifests", "revisions", digest.Algorithm, digest.Hex),
				filepath.Join(folder, "_manifests", "tags", tag, "current"),
				filepath.Join(folder, "_manifests", "tags", tag, "index", digest.Algorithm, digest.Hex),
			}
			for _, path := range links {
				if err := point(path, digest); err != nil {
					return err
				}
			}
			for _, hash := range blobs {
				if err := point(filepath.Join(folder, "_layers", hash.Algorithm, hash.Hex), hash); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// point writes the file with which the registry's storage refers to a blob.
func point(folder string, to v1.Hash) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "link"), []byte(to.String()), 0o600)
}

// link links a file, or copies it when it lies on another file system.
func link(source, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
		return err
	}
	err := os.Link(source, target)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, data, 0o600) //nolint:gosec // the target is below the storage
}
