package server

import (
	"context"

	"pilothouse/explorer/cluster"
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
	RemoveFile(path string) error
	SetNamespace(id, namespace string) error
	OnChange(f func()) (stop func())
	// Retry tries again now what waits for its next attempt.
	Retry(id string) error
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
	if _, err := opened.Kinds(ctx); err != nil {
		return "", err
	}
	return opened.Status().Version, nil
}

type liveExplorer struct{ tree *tree.Tree }

func (e liveExplorer) Open(ctx context.Context, q tree.Query) (View, error) {
	view, err := e.tree.Open(ctx, q)
	if err != nil {
		return nil, err
	}
	return view, nil
}
