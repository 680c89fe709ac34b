package image

import (
	"archive/tar"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"pilothouse/testdata/cluster/cache"
)

func newStore(t *testing.T) Store {
	return Store{Cache: cache.Cache{Folder: t.TempDir(), Waiting: func(string) {}}}
}

func recipe(t *testing.T) Recipe {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	files := Files{}
	files.Write("/etc/passwd", "root:x:0:0\n")
	files.Link("/bin/sh", "/usr/bin/program")
	if err := files.Add("/usr/bin/program", file); err != nil {
		t.Fatal(err)
	}
	return Recipe{Names: []string{"thing:latest", "thing:1"}, Config: v1.Config{Entrypoint: []string{"/bin/sh"}}, Files: files}
}

func TestAnImageHoldsItsFilesAndIsTheSameEveryTime(t *testing.T) {
	recipe := recipe(t)
	first, err := newStore(t).Make(t.Context(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(first, validate.Fast); err != nil { // the slow way wants compressed layers
		t.Error(err)
	}
	second, err := newStore(t).Make(t.Context(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	one, oneErr := first.Digest()
	two, twoErr := second.Digest()
	if err := errors.Join(oneErr, twoErr); err != nil || one != two {
		t.Errorf("the digests are %s and %s: %v", one, two, err)
	}
	if got, want := entries(t, first), []string{"bin/", "bin/sh -> /usr/bin/program", "etc/", "etc/passwd", "tmp/", "usr/", "usr/bin/", "usr/bin/program"}; !slices.Equal(got, want) {
		t.Errorf("the image holds %q, not %q", got, want)
	}
}

// entries returns what an image holds, sorted, after it has checked that every folder stands before what is in it.
func entries(t *testing.T, image v1.Image) []string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers: %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	var names []string
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names
		} else if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(strings.TrimSuffix(header.Name, "/")) + "/"
		if folder != "./" && !slices.Contains(names, folder) {
			t.Errorf("%s stands before its folder", header.Name)
		}
		text := header.Name
		if header.Linkname != "" {
			text += " -> " + header.Linkname
		}
		names = append(names, text)
	}
}

func TestAPushedImageIsPulledUnderEachName(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	image, err := newStore(t).Make(t.Context(), recipe(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := Push(t.Context(), host, image, "thing:latest", "team/other:2"); err != nil {
		t.Fatal(err)
	}
	want, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{"thing", "library/thing:latest", "team/other:2"} {
		parsed, err := name.ParseReference(host + "/" + reference)
		if err != nil {
			t.Fatal(err)
		}
		found, err := remote.Head(parsed)
		if err != nil || found.Digest != want {
			t.Errorf("%s is %v: %v", reference, found, err)
		}
	}
	response, err := http.Get(server.URL + "/v2/library/team/manifests/2")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("a name that nobody gave answers %s", response.Status)
	}
}

func TestArchivesOfEitherKindAreOpened(t *testing.T) {
	image, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("localhost:5000/team/app:v1")
	if err != nil {
		t.Fatal(err)
	}
	docker := filepath.Join(t.TempDir(), "docker.tar")
	if err := tarball.WriteToFile(docker, tag, image); err != nil {
		t.Fatal(err)
	}
	for kind, file := range map[string]string{"docker save": docker, "OCI": ociArchive(t, image, "docker.io/library/app:v1")} {
		opened, err := Open(file)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		wantNames := map[string][]string{"docker save": {"team/app:v1"}, "OCI": {"app:v1"}}[kind]
		if len(opened.Images) != 1 || !reflect.DeepEqual(opened.Images[0].Names, wantNames) {
			t.Errorf("%s: holds %v", kind, opened.Images)
		}
		if err := validate.Image(opened.Images[0].Image); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(text); err == nil {
		t.Error("a text is an archive")
	}
}

func ociArchive(t *testing.T, image v1.Image, reference string) string {
	t.Helper()
	folder := t.TempDir()
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(image, layout.WithAnnotations(map[string]string{"io.containerd.image.name": reference})); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "oci.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	archive := tar.NewWriter(file)
	if err := archive.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}
