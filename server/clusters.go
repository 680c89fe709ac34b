package server

import (
	"context"
	"sync"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/server/wire"
)

// clustersPause is the least time between two clusters/changed.
const clustersPause = 100 * time.Millisecond

func (c call) clustersList(context.Context, wire.None) (wire.ClusterList, error) {
	// Before the list is read, so that no change falls between.
	c.clusters.start(c.session)
	clusters := c.daemon.engine.Clusters
	return wire.ClusterList{
		Contexts: append([]cluster.Context{}, clusters.List()...),
		Files:    append([]cluster.File{}, clusters.Files()...),
	}, nil
}

func (c call) clustersAddFile(_ context.Context, p wire.AddFileParams) (wire.None, error) {
	c.release()
	return wire.None{}, c.daemon.engine.Clusters.AddFile(p.Path, p.Trusted)
}

func (c call) clustersRemoveFile(_ context.Context, p wire.FileParams) (wire.None, error) {
	c.release()
	return wire.None{}, c.daemon.engine.Clusters.RemoveFile(p.Path)
}

// clustersSetNamespace stays on the read loop: the last of two namespaces has to win.
func (c call) clustersSetNamespace(_ context.Context, p wire.SetNamespaceParams) (wire.None, error) {
	return wire.None{}, c.daemon.engine.Clusters.SetNamespace(p.Context, p.Namespace)
}

func (c call) clustersRetry(_ context.Context, p wire.ContextParams) (wire.None, error) {
	c.release()
	return wire.None{}, c.daemon.engine.Clusters.Retry(p.Context)
}

// clustersKinds asks the API server when its kinds are not known yet.
func (c call) clustersKinds(ctx context.Context, p wire.KindsParams) (wire.KindList, error) {
	c.release()
	kinds, err := c.daemon.engine.Clusters.Kinds(ctx, p.Context, p.Names)
	return wire.KindList{Kinds: append([]cluster.Kind{}, kinds...)}, err
}

// clustersWatch tells a session of changes once it has asked for the list: an
// editor that knows nothing of Pilothouse is left alone. Its goroutine ends with
// the session.
type clustersWatch struct {
	mu     sync.Mutex
	forget func() // nil until started
}

func (w *clustersWatch) start(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forget != nil {
		return
	}
	changed := make(chan struct{}, 1) // a token while the client does not know of a change
	w.forget = s.daemon.engine.Clusters.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	s.spawn("clusters/changed", func() { s.tellClusters(changed) })
}

func (s *session) tellClusters(changed <-chan struct{}) {
	for {
		select {
		case <-changed:
		case <-s.ctx.Done():
			return
		}
		if notify(s.ctx, s, wire.ClustersChanged, wire.None{}) != nil {
			return // the session ends
		}
		pause(s.ctx, clustersPause)
	}
}

func (w *clustersWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forget != nil {
		w.forget()
	}
}
