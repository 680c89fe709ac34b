package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

// Engine is what all sessions share: the features with their state.
type Engine struct {
	Clusters Clusters
	Explorer Explorer
}

// Clusters are the kubeconfig files and their contexts. Its methods may be
// called from many goroutines and promise what those of cluster.Contexts do.
type Clusters interface {
	List() []cluster.Context
	Files() []cluster.File
	AddFile(path string, trusted bool) error
	UseFile(path string, trusted bool) error
	RemoveFile(path string) error
	SetNamespace(id, namespace string) error
	OnChange(f func()) (stop func())
	// Retry tries again now what waits for its next attempt.
	Retry(id string) error
	// Kinds gives the kinds of a context's cluster that have these names, or all
	// without names, as wire.ClustersKinds promises.
	Kinds(ctx context.Context, id string, names []string) ([]cluster.Kind, error)
	// Reach waits until the API server of a context has answered, and gives its
	// version, or tells why it does not.
	Reach(ctx context.Context, id string) (version string, err error)
}

// Explorer opens views of the tree.
type Explorer interface {
	Open(ctx context.Context, q tree.Query) (View, error)
}

// View is one client's window on the tree; it promises what tree.View does.
type View interface {
	ID() string
	Page() tree.Page
	Next(ctx context.Context) (tree.Change, error)
	SetLimit(n int)
	Close()
}

// NewEngine offers the live features. They stay the caller's to close.
func NewEngine(contexts *cluster.Contexts, explorer *tree.Tree) Engine {
	return Engine{Clusters: liveClusters{contexts}, Explorer: liveExplorer{explorer}}
}

type liveClusters struct{ *cluster.Contexts }

func (c liveClusters) Retry(id string) error {
	opened, err := c.Open(id)
	if err != nil {
		return err
	}
	opened.Retry()
	return nil
}

func (c liveClusters) Reach(ctx context.Context, id string) (version string, err error) {
	opened, err := c.Open(id)
	if err != nil {
		return "", err
	}
	body, err := opened.Get(ctx, "/version", nil, "application/json")
	if err != nil {
		return "", err
	}
	defer body.Close()
	var told struct{ GitVersion string }
	if err := json.NewDecoder(io.LimitReader(body, 1<<16)).Decode(&told); err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", id, err)
	}
	return told.GitVersion, nil
}

func (c liveClusters) Kinds(ctx context.Context, id string, names []string) ([]cluster.Kind, error) {
	opened, err := c.Open(id)
	if err != nil {
		return nil, err
	}
	kinds, err := opened.Kinds(ctx)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return kinds.All(), nil
	}
	return named(kinds, id, names)
}

// named gives the kinds that have these names, in the order of the names, each once.
func named(kinds *cluster.Kinds, id string, names []string) ([]cluster.Kind, error) {
	var found []cluster.Kind
	for _, name := range names {
		matching := kinds.Named(name)
		if len(matching) == 0 {
			return nil, &problem.Error{
				Code:    problem.KindUnknown,
				Message: fmt.Sprintf("the API server of %s serves no kind called %q", id, name),
				Suggestions: []string{
					"look for a typing error",
					"see all kinds in the tree, below Cluster resources and All namespaces",
				},
			}
		}
		for _, kind := range matching {
			if !slices.ContainsFunc(found, func(k cluster.Kind) bool { return k.ID() == kind.ID() }) {
				found = append(found, kind)
			}
		}
	}
	return found, nil
}

type liveExplorer struct{ tree *tree.Tree }

func (e liveExplorer) Open(ctx context.Context, q tree.Query) (View, error) {
	view, err := e.tree.Open(ctx, q)
	if err != nil {
		return nil, err
	}
	return view, nil
}
