package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Archive is the images in a file.
type Archive struct {
	Images []Named
	// folder holds what was unpacked
	folder string
}

// Named is an image and its names without a registry.
type Named struct {
	Image v1.Image
	Names []string
}

// Open opens a file that `docker save` or an OCI tool wrote.
func Open(file string) (*Archive, error) {
	images, err := openDocker(file)
	if err == nil {
		return &Archive{Images: images}, nil
	}
	archive, ociErr := openOCI(file)
	if ociErr != nil {
		return nil, fmt.Errorf("it is neither of `docker save` (%w) nor an OCI archive (%w)", err, ociErr)
	}
	return archive, nil
}

// Close removes what was unpacked.
func (a *Archive) Close() error {
	if a.folder == "" {
		return nil
	}
	return os.RemoveAll(a.folder)
}

func openDocker(file string) ([]Named, error) {
	open := func() (io.ReadCloser, error) { return os.Open(file) }
	manifest, err := tarball.LoadManifest(open)
	if err != nil {
		return nil, err
	}
	var images []Named
	for _, descriptor := range manifest {
		if len(descriptor.RepoTags) == 0 {
			continue // an image without a name cannot be pulled
		}
		tag, err := name.NewTag(descriptor.RepoTags[0])
		if err != nil {
			return nil, err
		}
		one, err := tarball.Image(open, &tag)
		if err != nil {
			return nil, err
		}
		named := Named{Image: one}
		for _, reference := range descriptor.RepoTags {
			if named.Names, err = appendName(named.Names, reference); err != nil {
				return nil, err
			}
		}
		images = append(images, named)
	}
	if len(images) == 0 {
		return nil, errors.New("it holds no image with a name")
	}
	return images, nil
}

func openOCI(file string) (_ *Archive, err error) {
	folder, err := os.MkdirTemp("", "pilothouse-image-")
	if err != nil {
		return nil, err
	}
	archive := &Archive{folder: folder}
	defer func() {
		if err != nil {
			err = errors.Join(err, archive.Close())
		}
	}()
	if err := unpack(file, folder); err != nil {
		return nil, err
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, descriptor := range manifest.Manifests {
		reference := descriptor.Annotations["io.containerd.image.name"]
		if reference == "" {
			reference = descriptor.Annotations["org.opencontainers.image.ref.name"]
		}
		if reference == "" || !descriptor.MediaType.IsImage() {
			continue
		}
		named := Named{}
		if named.Names, err = appendName(nil, reference); err != nil {
			return nil, err
		}
		if named.Image, err = index.Image(descriptor.Digest); err != nil {
			return nil, err
		}
		archive.Images = append(archive.Images, named)
	}
	if len(archive.Images) == 0 {
		return nil, errors.New("it holds no image with a name")
	}
	return archive, nil
}

// appendName adds a reference without its registry. Docker Hub's library is where names without a folder are.
func appendName(names []string, reference string) ([]string, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return nil, err
	}
	return append(names, strings.TrimPrefix(tag.RepositoryStr(), "library/")+":"+tag.TagStr()), nil
}

func unpack(file, folder string) error {
	input, err := os.Open(file)
	if err != nil {
		return err
	}
	defer input.Close()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for archive := tar.NewReader(input); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(header.Name), 0o755); err != nil {
			return err
		}
		output, err := root.Create(header.Name)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(output, archive, header.Size); err != nil {
			return errors.Join(err, output.Close())
		}
		if err := output.Close(); err != nil {
			return err
		}
	}
}
