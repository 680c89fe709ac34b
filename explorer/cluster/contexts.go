package cluster

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/tools/clientcmd"

	"pilothouse/explorer/problem"
)

// Options say which kubeconfig files to read and what to remember.
type Options struct {
	// Files are kubeconfig files in order of precedence. Nil means those of
	// KUBECONFIG, or ~/.kube/config.
	Files []string
	// StateFile remembers the files the user added and the working namespaces,
	// as JSON. "" remembers nothing.
	StateFile string
	// Path answers the PATH of the user's login shell, in which credential
	// plugins are looked up before the PATH of the process; see LoginPath. It is
	// asked once, when the first plugin is needed. Nil means the PATH of the
	// process alone.
	Path func(context.Context) string
	// UserAgent is sent with every request; "" means "pilothouse".
	UserAgent string
	// Log takes what no caller can be told. Nil discards it.
	Log *slog.Logger
}

// Contexts are all contexts of all kubeconfig files, live. It is safe for
// concurrent use.
//
// Its goroutines, all ended by Close: one that watches the files; and, for the
// Clusters, those named there.
type Contexts struct {
	settings  *settings
	stateFile string
	watcher   *fileWatcher
	workers   *workers
	listeners listeners

	// reading is held while files are read or written and what they say is put
	// in place; mu only while fields are looked at.
	reading  sync.Mutex
	memory   memory        // guarded by reading
	files    []*kubeconfig // replaced as a whole, under both
	mu       sync.Mutex
	entries  []*entry // replaced as a whole, under both
	clusters map[string]*Cluster
}

// settings are what every Cluster shares.
type settings struct {
	userAgent string
	log       *slog.Logger
	// loginPath answers the login shell's PATH; it asks at most once.
	loginPath func() string
	timing    timing
}

// New reads the files and follows their changes until Close, which the caller
// must call, or the end of ctx. A file that is missing or malformed is no error
// but a File with a Problem.
func New(ctx context.Context, o Options) (*Contexts, error) {
	return newContexts(ctx, o, defaultTiming())
}

func newContexts(ctx context.Context, o Options, t timing) (*Contexts, error) {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	files, err := kubeconfigFiles(o.Files)
	if err != nil {
		return nil, err
	}
	remembered, err := loadMemory(o.StateFile)
	if err != nil {
		log.Warn("added kubeconfig files and working namespaces are forgotten", "error", err)
	}
	for _, f := range remembered.Files {
		if !slices.ContainsFunc(files, func(k *kubeconfig) bool { return k.path == f.Path }) {
			files = append(files, &kubeconfig{path: f.Path, added: true, trusted: f.Trusted})
		}
	}
	workers := newWorkers(ctx)
	loginPath := func() string { return "" }
	if o.Path != nil {
		loginPath = sync.OnceValue(func() string { return o.Path(workers.ctx) })
	}
	c := &Contexts{
		settings: &settings{
			userAgent: cmp.Or(o.UserAgent, "pilothouse"),
			log:       log,
			loginPath: loginPath,
			timing:    t,
		},
		stateFile: o.StateFile,
		watcher:   newFileWatcher(log, t),
		workers:   workers,
		memory:    remembered,
		files:     files,
		clusters:  map[string]*Cluster{},
	}
	c.reload()
	workers.run(func(ctx context.Context) { c.watcher.run(ctx, c.reload) })
	return c, nil
}

// kubeconfigFiles gives the files to start with, absolute and without repeats.
func kubeconfigFiles(paths []string) ([]*kubeconfig, error) {
	if paths == nil {
		paths = clientcmd.NewDefaultClientConfigLoadingRules().Precedence
	}
	var files []*kubeconfig
	for _, path := range paths {
		if path == "" {
			continue // kubectl passes over the empty parts of KUBECONFIG, too
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("finding the kubeconfig files: %w", err)
		}
		if !slices.ContainsFunc(files, func(k *kubeconfig) bool { return k.path == absolute }) {
			files = append(files, &kubeconfig{path: absolute, trusted: true})
		}
	}
	return files, nil
}

// Close ends every watch and every request of every Cluster and waits for them.
func (c *Contexts) Close() {
	c.workers.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cluster := range c.clusters {
		cluster.close()
	}
}

// List gives the contexts, by the precedence of their files, then by name.
func (c *Contexts) List() []Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Context, len(c.entries))
	for i, e := range c.entries {
		list[i] = e.context
	}
	return list
}

// Files gives the files that are read, in order of precedence.
func (c *Contexts) Files() []File {
	c.mu.Lock()
	defer c.mu.Unlock()
	return present(c.files)
}

func present(files []*kubeconfig) []File {
	list := make([]File, len(files))
	for i, f := range files {
		list[i] = File{Path: f.path, Added: f.added && !f.passing, Trusted: f.trusted, Problem: f.problem.Detail()}
	}
	return list
}

// AddFile reads one more kubeconfig file and remembers it. An untrusted file may
// neither run programs nor name other files; adding it again with another trust
// changes that. The file need not make sense yet: Files tells.
func (c *Contexts) AddFile(path string, trusted bool) error {
	return c.add(path, func(k *kubeconfig) (*kubeconfig, error) {
		if k != nil && !k.added {
			return nil, &problem.Error{
				Code:    problem.InvalidQuery,
				Message: fmt.Sprintf("%s is one of the files of KUBECONFIG already", k.path),
				Tried:   "adding " + k.path,
			}
		}
		return &kubeconfig{trusted: trusted}, nil
	})
}

// UseFile reads one more kubeconfig file, for a program that was started with it, until
// Close or until the file is gone. It is not remembered. A file that is read already
// stays as it is, but for trust, which it may gain.
func (c *Contexts) UseFile(path string, trusted bool) error {
	return c.add(path, func(k *kubeconfig) (*kubeconfig, error) {
		if k != nil {
			return &kubeconfig{trusted: k.trusted || trusted, passing: k.passing}, nil
		}
		return &kubeconfig{trusted: trusted, passing: true}, nil
	})
}

// add reads one more file as decide, which gets what is known of it or nil, says.
func (c *Contexts) add(path string, decide func(*kubeconfig) (*kubeconfig, error)) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("adding %s: %w", path, err)
	}
	return c.change(func(m *memory, files []*kubeconfig) ([]*kubeconfig, error) {
		var known *kubeconfig
		i := slices.IndexFunc(files, func(k *kubeconfig) bool { return k.path == absolute })
		if i >= 0 {
			known = files[i]
		}
		decided, err := decide(known)
		switch {
		case err != nil:
			return nil, err
		case known == nil:
			files = append(files, &kubeconfig{path: absolute, added: true, trusted: decided.trusted, passing: decided.passing})
		case known.added:
			now := *known
			now.trusted, now.passing = decided.trusted, decided.passing
			files[i] = &now
		}
		m.remember(files)
		return files, nil
	})
}

// RemoveFile forgets a file that was added or is used. The clusters of its contexts become
// StateGone.
func (c *Contexts) RemoveFile(path string) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return c.change(func(m *memory, files []*kubeconfig) ([]*kubeconfig, error) {
		kept := slices.DeleteFunc(files, func(k *kubeconfig) bool { return k.added && k.path == absolute })
		if len(kept) == len(files) {
			return nil, &problem.Error{
				Code:    problem.InvalidQuery,
				Message: fmt.Sprintf("%s was not added, so it cannot be removed", absolute),
				Tried:   "removing " + absolute,
			}
		}
		m.remember(kept)
		return kept, nil
	})
}

// SetNamespace sets the working namespace of a context; "" goes back to what the
// kubeconfig says. Pilothouse remembers it; the kubeconfig stays as it is.
func (c *Contexts) SetNamespace(id, namespace string) error {
	if reasons := validation.IsDNS1123Label(namespace); namespace != "" && len(reasons) > 0 {
		return &problem.Error{
			Code:    problem.InvalidQuery,
			Message: fmt.Sprintf("%q cannot be a namespace: %s", namespace, strings.Join(reasons, "; ")),
			Tried:   "setting the working namespace of " + id,
		}
	}
	if _, err := c.find(id); err != nil {
		return err
	}
	return c.change(func(m *memory, files []*kubeconfig) ([]*kubeconfig, error) {
		if namespace == "" {
			delete(m.Namespaces, id)
		} else {
			m.Namespaces[id] = namespace
		}
		return files, nil
	})
}

// OnChange calls f after every change of List or Files until stop is called. f
// must not block; it may call back.
func (c *Contexts) OnChange(f func()) (stop func()) { return c.listeners.add(f) }

// Open gives the one Cluster of a context, shared by all who open it. It stays
// with that context for good: through changes of the kubeconfig, and while the
// context is gone. Nothing is asked of the cluster yet. An id that no file
// defines is a *problem.Error with code ContextUnknown.
func (c *Contexts) Open(id string) (*Cluster, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	e, err := c.find(id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	cluster, open := c.clusters[id]
	c.mu.Unlock()
	if open {
		return cluster, nil
	}
	cluster = newCluster(id, c.settings, c.workers)
	c.mu.Lock()
	c.clusters[id] = cluster
	c.mu.Unlock()
	c.follow(c.files, c.entries)
	cluster.configure(e)
	return cluster, nil
}

func (c *Contexts) find(id string) (*entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.context.ID == id {
			return e, nil
		}
	}
	return nil, contextUnknown(id)
}

// change edits the memory and the files, saves the one and reads the others.
func (c *Contexts) change(edit func(*memory, []*kubeconfig) ([]*kubeconfig, error)) error {
	c.reading.Lock()
	changed := c.memory.clone()
	files, err := edit(&changed, slices.Clone(c.files))
	if err == nil {
		if err = changed.save(c.stateFile); err != nil {
			err = fmt.Errorf("remembering it in %s: %w", c.stateFile, err)
		}
	}
	if err != nil {
		c.reading.Unlock()
		return err
	}
	c.memory = changed
	notify := c.read(files)
	c.reading.Unlock()
	notify()
	return nil
}

// reload reads the files again.
func (c *Contexts) reload() {
	c.reading.Lock()
	notify := c.read(c.files)
	c.reading.Unlock()
	notify()
}

// read reads files and puts what they say in place. It is called with reading
// held and answers what is to be called without it.
func (c *Contexts) read(files []*kubeconfig) (notify func()) {
	c.follow(files, c.entries)
	now := make([]*kubeconfig, 0, len(files))
	for _, f := range files {
		read := readKubeconfig(f)
		if gone := f.config != nil && read.config == nil; gone && f.passing {
			continue
		}
		now = append(now, read)
	}
	entries := resolve(now, c.memory.Namespaces)
	c.follow(now, entries) // before the files they refer to are read

	c.mu.Lock()
	changed := !reflect.DeepEqual(present(c.files), present(now)) || !sameContexts(c.entries, entries)
	c.files, c.entries = now, entries
	clusters := slices.Collect(maps.Values(c.clusters))
	c.mu.Unlock()

	var calls []func()
	for _, cluster := range clusters {
		e, err := c.find(cluster.id)
		if err != nil {
			e = nil
		}
		if cluster.configure(e) {
			calls = append(calls, cluster.listeners.call)
		}
	}
	if changed {
		calls = append(calls, c.listeners.call)
	}
	return func() {
		for _, call := range calls {
			call()
		}
	}
}

// follow watches all files that matter: the kubeconfigs, and what the contexts of
// open clusters refer to. It is called with reading held.
func (c *Contexts) follow(files []*kubeconfig, entries []*entry) {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.path)
	}
	c.mu.Lock()
	for _, e := range entries {
		if _, open := c.clusters[e.context.ID]; open {
			paths = append(paths, e.references()...)
		}
	}
	c.mu.Unlock()
	c.watcher.follow(paths)
}

func sameContexts(a, b []*entry) bool {
	return slices.EqualFunc(a, b, func(a, b *entry) bool { return reflect.DeepEqual(a.context, b.context) })
}

func contextUnknown(id string) *problem.Error {
	return &problem.Error{
		Code:        problem.ContextUnknown,
		Message:     fmt.Sprintf("no kubeconfig file defines the context %s", id),
		Tried:       "opening the context " + id,
		Suggestions: []string{"check KUBECONFIG", "add the kubeconfig file that defines it"},
	}
}
