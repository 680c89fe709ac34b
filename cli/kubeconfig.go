package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/server/wire"
)

// kubeconfig is what this shell's kubeconfig files say. The daemon was started by
// some other shell and reads more files: what "current" means, and which of two
// contexts of one name is meant, only this shell's files can tell.
type kubeconfig struct {
	// files are those of KUBECONFIG, or ~/.kube/config, in their order.
	files []string
	// current is the first current-context among them.
	current string
}

// readKubeconfig reads the files of this shell, or file alone when it is not "".
// One that cannot be read is passed over: the engine reports it.
func readKubeconfig(file string) kubeconfig {
	paths := []string{file}
	if file == "" {
		paths = clientcmd.NewDefaultClientConfigLoadingRules().Precedence
	}
	var k kubeconfig
	for _, path := range paths {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		k.files = append(k.files, path)
		config, err := clientcmd.LoadFromFile(path)
		if err == nil && k.current == "" {
			k.current = config.CurrentContext
		}
	}
	return k
}

// choose finds the context called name among those the engine knows, this
// shell's first; "" is the current one.
func (k kubeconfig) choose(list wire.ClusterList, name string) (cluster.Context, error) {
	contexts := list.Contexts
	wanted := name
	if name == "" {
		wanted = k.current
	}
	for _, c := range contexts {
		if c.Name == wanted && k.own(c) {
			return c, nil
		}
	}
	for _, c := range contexts {
		if name != "" && (c.ID == name || c.Name == name) {
			return c, nil
		}
	}
	return cluster.Context{}, k.unknown(list, name)
}

// isCurrent tells whether c is what kubectl would use in this shell.
func (k kubeconfig) isCurrent(c cluster.Context) bool {
	return c.Name == k.current && k.own(c)
}

// own tells whether one of this shell's files defines c.
func (k kubeconfig) own(c cluster.Context) bool {
	return slices.Contains(k.files, c.File)
}

// unknown is why there is no such context.
func (k kubeconfig) unknown(list wire.ClusterList, name string) error {
	p := &problem.Error{Code: problem.ContextUnknown, Suggestions: []string{"pilothouse contexts"}}
	switch {
	case len(list.Contexts) == 0:
		p.Message = "no kubeconfig file defines a context"
		for _, file := range list.Files {
			if file.Problem != nil {
				p.Message += ": " + file.Problem.Message
				break
			}
		}
		p.Suggestions = []string{"export KUBECONFIG=FILE", "pilothouse contexts add FILE"}
	case name != "":
		p.Message = fmt.Sprintf("no context is called %q", name)
	case k.current != "":
		p.Message = fmt.Sprintf("the current context %q is not defined", k.current)
	default:
		p.Message = "kubeconfig has no current context"
		p.Suggestions = append(p.Suggestions, "--context NAME")
	}
	return p
}
