package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"pilothouse/explorer/problem"
)

// maxKubeconfigSize bounds what is read of one kubeconfig file. The largest in
// practice, with hundreds of clusters and their certificates, stay below 2 MB.
const maxKubeconfigSize = 16 << 20

// kubeconfig is one kubeconfig file as it was read; it never changes.
type kubeconfig struct {
	path    string
	added   bool // beside those of KUBECONFIG
	passing bool // added by UseFile: not remembered, and gone with its content
	trusted bool
	content []byte // as read; nil when the file cannot be read
	// config is what the file said when it last made sense, so that a slip of the
	// pen in an editor does not close every cluster; nil when it never did or is gone.
	config  *clientcmdapi.Config
	problem *problem.Error
}

// readKubeconfig reads a file again. It answers before itself when nothing changed.
func readKubeconfig(before *kubeconfig) *kubeconfig {
	content, err := readRegularFile(before.path, maxKubeconfigSize)
	if err == nil {
		return before.saying(content)
	}
	now := *before
	now.content = nil
	now.problem = &problem.Error{
		Code:    problem.KubeconfigInvalid,
		Message: fmt.Sprintf("the kubeconfig file %s cannot be read", before.path),
		Tried:   "reading " + before.path,
		Err:     err,
	}
	if errors.Is(err, fs.ErrNotExist) {
		now.config = nil
		now.problem.Message = fmt.Sprintf("there is no kubeconfig file %s", before.path)
		now.problem.Suggestions = []string{"create it or correct KUBECONFIG; it is read as soon as it appears"}
		now.problem.Err = nil
	}
	if before.content == nil && before.config == now.config && sameProblem(before.problem, now.problem) {
		return before
	}
	return &now
}

// saying gives the file with another content; itself when it is the same.
func (k *kubeconfig) saying(content []byte) *kubeconfig {
	if k.content != nil && bytes.Equal(content, k.content) {
		return k
	}
	now := *k
	now.content = content
	config, err := parseKubeconfig(content, k.path)
	if err != nil {
		now.problem = &problem.Error{
			Code:        problem.KubeconfigInvalid,
			Message:     fmt.Sprintf("the kubeconfig file %s makes no sense", k.path),
			Tried:       "reading " + k.path,
			Suggestions: []string{"correct the file; it is read again as soon as it is saved"},
			Err:         err,
		}
		return &now
	}
	now.config, now.problem = config, nil
	return &now
}

// parseKubeconfig decodes a kubeconfig file. Its error tells the line where the
// decoder knows it, and never quotes the file: it may hold credentials.
func parseKubeconfig(content []byte, path string) (*clientcmdapi.Config, error) {
	config, err := clientcmd.Load(content)
	if runtime.IsMissingKind(err) || runtime.IsMissingVersion(err) || runtime.IsNotRegisteredError(err) {
		return nil, errors.New("a kubeconfig begins with apiVersion: v1 and kind: Config")
	}
	if err != nil {
		return nil, withoutQuotes(err)
	}
	for _, c := range config.Contexts {
		c.LocationOfOrigin = path
	}
	for _, c := range config.Clusters {
		c.LocationOfOrigin = path
	}
	for _, u := range config.AuthInfos {
		u.LocationOfOrigin = path
	}
	return config, nil
}

// withoutQuotes gives the error of a decoder without what it repeats of the file:
// all between the first quotation mark and the last, and the list in which
// client-go found a name twice.
func withoutQuotes(err error) error {
	const marks = "\"'`"
	text := err.Error()
	if _, rest, found := strings.Cut(text, "duplicate name "); found {
		name, _, _ := strings.Cut(rest, " in list:")
		return fmt.Errorf("the name %s stands twice in one list", name)
	}
	if first := strings.IndexAny(text, marks); first >= 0 {
		text = text[:first] + "..." + text[strings.LastIndexAny(text, marks)+1:]
	}
	return errors.New(text)
}

// readRegularFile reads a file of at most limit bytes. A device or a pipe is
// refused because reading it might never end.
func readRegularFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("it is larger than %d MB", limit>>20)
	}
	return content, nil
}

func sameProblem(a, b *problem.Error) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Code == b.Code && a.Error() == b.Error()
}
