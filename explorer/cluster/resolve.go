package cluster

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"pilothouse/explorer/problem"
)

// defaultNamespace is the working namespace of a context that names none.
const defaultNamespace = "default"

// entry is a context with all that is needed to connect; it never changes.
type entry struct {
	context Context
	// config holds this context alone with its cluster and its user, with
	// absolute paths.
	config *clientcmdapi.Config
	// problem tells why config cannot be used; nil when it can be tried.
	problem *problem.Error
	// namespaces are those named by any context with the same server, sorted.
	namespaces []string
}

// resolve puts the contexts of all files together. The files of KUBECONFIG make
// one configuration as kubectl merges it: the first file that defines a name
// wins. A file that the user added stands for itself, so that it can neither
// change what KUBECONFIG says nor use its credentials.
func resolve(files []*kubeconfig, workingNamespaces map[string]string) []*entry {
	var entries []*entry
	taken := map[string]bool{}
	for _, source := range sources(files) {
		for _, name := range source.names() {
			id := uniqueID(name, source.file(name), taken)
			taken[id] = true
			entries = append(entries, source.entry(id, name, workingNamespaces[id]))
		}
	}
	shareNamespaces(entries)
	return entries
}

// source is one configuration: that of KUBECONFIG, or an added file.
type source struct {
	clientcmdapi.Config // its CurrentContext is "" for an added file: nobody's kubectl follows that
	trusted             bool
	precedence          map[string]int // of a file, by its path
}

func sources(files []*kubeconfig) []*source {
	own := &source{trusted: true, precedence: map[string]int{}}
	all := []*source{own}
	for _, f := range files {
		if f.config == nil {
			continue
		}
		into := own
		if f.added {
			into = &source{trusted: f.trusted, precedence: map[string]int{}}
			all = append(all, into)
		}
		into.add(f)
	}
	return all
}

func (s *source) add(f *kubeconfig) {
	s.precedence[f.path] = len(s.precedence)
	if s.CurrentContext == "" && !f.added {
		s.CurrentContext = f.config.CurrentContext
	}
	s.Contexts = firstWins(s.Contexts, f.config.Contexts)
	s.Clusters = firstWins(s.Clusters, f.config.Clusters)
	s.AuthInfos = firstWins(s.AuthInfos, f.config.AuthInfos)
}

func firstWins[V any](have, more map[string]V) map[string]V {
	if have == nil {
		have = map[string]V{}
	}
	for name, v := range more {
		if _, exists := have[name]; !exists {
			have[name] = v
		}
	}
	return have
}

// names gives the contexts' names by the precedence of their files, then by name.
func (s *source) names() []string {
	names := make([]string, 0, len(s.Contexts))
	for name := range s.Contexts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.precedence[s.file(a)], s.precedence[s.file(b)]), cmp.Compare(a, b))
	})
	return names
}

func (s *source) file(name string) string { return s.Contexts[name].LocationOfOrigin }

func uniqueID(name, file string, taken map[string]bool) string {
	for _, id := range []string{name, fmt.Sprintf("%s (%s)", name, filepath.Base(file))} {
		if !taken[id] {
			return id
		}
	}
	return fmt.Sprintf("%s (%s)", name, file)
}

func (s *source) entry(id, name, workingNamespace string) *entry {
	c := s.Contexts[name]
	e := &entry{
		context: Context{
			ID: id, Name: name, Cluster: c.Cluster, User: c.AuthInfo,
			Namespace: cmp.Or(workingNamespace, c.Namespace, defaultNamespace),
			File:      c.LocationOfOrigin,
			Current:   name == s.CurrentContext,
		},
		config: s.only(name),
	}
	if cluster := e.cluster(); cluster != nil {
		e.context.Server = withoutUser(cluster.Server)
	}
	e.problem = e.check(s.trusted)
	e.context.Problem = e.problem.Detail()
	return e
}

// only copies one context with what it refers to; what is missing stays missing.
func (s *source) only(name string) *clientcmdapi.Config {
	one := clientcmdapi.NewConfig()
	c := s.Contexts[name]
	one.CurrentContext = name
	one.Contexts[name] = c.DeepCopy()
	if cluster, ok := s.Clusters[c.Cluster]; ok {
		one.Clusters[c.Cluster] = cluster.DeepCopy()
	}
	if user, ok := s.AuthInfos[c.AuthInfo]; ok {
		one.AuthInfos[c.AuthInfo] = user.DeepCopy()
	}
	// It fails only when a relative path of a file must be made absolute and the
	// working directory is gone; every path of ours is absolute.
	_ = clientcmd.ResolveLocalPaths(one)
	return one
}

func (e *entry) cluster() *clientcmdapi.Cluster { return e.config.Clusters[e.context.Cluster] }

func (e *entry) user() *clientcmdapi.AuthInfo { return e.config.AuthInfos[e.context.User] }

// references are the files that the context needs beside the kubeconfig.
func (e *entry) references() []string {
	var paths []string
	if c := e.cluster(); c != nil {
		paths = append(paths, c.CertificateAuthority)
	}
	if u := e.user(); u != nil {
		paths = append(paths, u.ClientCertificate, u.ClientKey, u.TokenFile)
	}
	return slices.DeleteFunc(paths, func(p string) bool { return p == "" })
}

// shareNamespaces tells every entry the namespaces of its server.
func shareNamespaces(entries []*entry) {
	byServer := map[string][]string{}
	for _, e := range entries {
		byServer[e.context.Server] = append(byServer[e.context.Server], e.context.Namespace)
	}
	for server, names := range byServer {
		slices.Sort(names)
		byServer[server] = slices.Compact(names)
	}
	for _, e := range entries {
		e.namespaces = byServer[e.context.Server]
	}
}

// withoutUser gives a URL without user and password; "" when it is none.
func withoutUser(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}
