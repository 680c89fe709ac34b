package image

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const architecture = runtime.GOARCH

// Files is what an image holds, by path in the image.
type Files map[string]Source

// Source is where a file comes from: a file of the machine, a text, or a symbolic link's target.
type Source struct {
	Path string
	Text string
	Link string
}

// Add adds a file of the machine, or the one that a link leads to.
func (f Files) Add(target, source string) error {
	file, err := filepath.EvalSymlinks(source)
	if err != nil {
		return err
	}
	f[target] = Source{Path: file}
	return nil
}

// Write adds a file with a text.
func (f Files) Write(target, text string) { f[target] = Source{Text: text} }

// Link adds a symbolic link.
func (f Files) Link(target, to string) { f[target] = Source{Link: to} }

func (f Files) sorted() []string {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// identify writes what tells these files from others, without reading them.
func (f Files) identify(to io.Writer) error {
	for _, name := range f.sorted() {
		source := f[name]
		fmt.Fprintf(to, "%s %s %q %s", name, source.Path, source.Text, source.Link)
		if source.Path != "" {
			info, err := os.Stat(source.Path)
			if err != nil {
				return err
			}
			fmt.Fprintf(to, " %d %d %s", info.Size(), info.ModTime().UnixNano(), info.Mode())
		}
		fmt.Fprintln(to)
	}
	return nil
}

// layer writes the files as a layer. It is not compressed: it never leaves the machine.
func (f Files) layer(file string) (v1.Layer, error) {
	output, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	sum := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(output, sum), 1<<20)
	archive := &archive{Writer: tar.NewWriter(buffered), folders: map[string]bool{"/": true}}
	if err := archive.folder("/tmp", 0o1777); err != nil {
		return nil, err
	}
	for _, name := range f.sorted() {
		if err := archive.add(name, f[name]); err != nil {
			return nil, fmt.Errorf("adding %s: %w", name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := buffered.Flush(); err != nil {
		return nil, err
	}
	info, err := output.Stat()
	if err != nil {
		return nil, err
	}
	return &layer{file: file, size: info.Size(), hash: v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sum.Sum(nil))}}, nil
}

// archive is a tar file in which every folder stands before what is in it. Nothing in it tells when it was made.
type archive struct {
	*tar.Writer
	folders map[string]bool
}

func (a *archive) folder(name string, mode int64) error {
	if a.folders[name] {
		return nil
	}
	if err := a.folder(path.Dir(name), 0o755); err != nil {
		return err
	}
	a.folders[name] = true
	return a.WriteHeader(&tar.Header{Name: strings.TrimPrefix(name, "/") + "/", Typeflag: tar.TypeDir, Mode: mode})
}

func (a *archive) add(name string, source Source) error {
	if err := a.folder(path.Dir(name), 0o755); err != nil {
		return err
	}
	name = strings.TrimPrefix(name, "/")
	if source.Link != "" {
		return a.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: source.Link, Mode: 0o777})
	}
	if source.Text != "" {
		if err := a.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(source.Text))}); err != nil {
			return err
		}
		_, err := io.WriteString(a, source.Text)
		return err
	}
	input, err := os.Open(source.Path)
	if err != nil {
		return err
	}
	defer input.Close()
	info, err := input.Stat()
	if err != nil {
		return err
	}
	if err := a.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()), Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(a, input)
	return err
}

// layer is a layer in a file that is not compressed.
type layer struct {
	file string
	size int64
	hash v1.Hash
}

func (l *layer) Digest() (v1.Hash, error)             { return l.hash, nil }
func (l *layer) DiffID() (v1.Hash, error)             { return l.hash, nil }
func (l *layer) Compressed() (io.ReadCloser, error)   { return os.Open(l.file) }
func (l *layer) Uncompressed() (io.ReadCloser, error) { return os.Open(l.file) }
func (l *layer) Size() (int64, error)                 { return l.size, nil }
func (l *layer) MediaType() (types.MediaType, error)  { return types.OCIUncompressedLayer, nil }
