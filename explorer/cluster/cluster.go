package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"pilothouse/explorer/problem"
)

// Cluster is the API server of one context, for the user of that context. It is
// safe for concurrent use, and every call ends by a deadline or with its context,
// whatever the server does.
//
// Its goroutines belong to the workers of Contexts and end with them at the
// latest: one while it is held, with one for each of two watches (see keeper);
// one for each of connecting, discovery and a review of permissions under way,
// which end by their own deadlines; and those of net/http for its connections,
// which close cuts.
type Cluster struct {
	id        string
	settings  *settings
	workers   *workers
	listeners listeners

	mu         sync.Mutex
	entry      *entry // nil while no file defines the context
	context    Context
	credential [sha256.Size]byte // digest of the files the entry refers to
	wire       *wire             // replaced with the configuration
	connecting *flight[*client]  // the client, once landed; nil before the first request
	status     Status
	answered   time.Time // when the last success began
	kinds      *Kinds
	kindsAt    time.Time
	discovery  *flight[*Kinds]
	reviews    map[string]*flight[*Rules] // by namespace
	holders    int
	keeper     *keeper // nil while nobody holds the cluster
}

func newCluster(id string, s *settings, w *workers) *Cluster {
	return &Cluster{
		id:       id,
		settings: s,
		workers:  w,
		wire:     newWire(w.ctx, s.timing),
		status:   Status{State: StateIdle, Since: time.Now()},
		reviews:  map[string]*flight[*Rules]{},
	}
}

// Context is the context the cluster is pinned to, as the files define it now or
// last did.
func (c *Cluster) Context() Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.context
}

// Status tells whether the cluster can be worked with, as the last request showed.
func (c *Cluster) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// OnChange calls f after the status, the context or the kinds changed, until stop
// is called. f must not block; it may call back.
func (c *Cluster) OnChange(f func()) (stop func()) { return c.listeners.add(f) }

// Namespaces gives the namespaces that are known without the right to list them:
// the working namespace first, then those that any context names for the same
// server, and "default".
func (c *Cluster) Namespaces() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]bool{defaultNamespace: true}
	if c.entry != nil {
		for _, n := range c.entry.namespaces {
			known[n] = true
		}
	}
	delete(known, c.context.Namespace)
	return append([]string{c.context.Namespace}, slices.Sorted(maps.Keys(known))...)
}

// Get sends one GET and streams the body of the answer, which the caller must
// close; closing it ends the request. path begins with a slash and is joined to
// the server's URL. A request with watch=1 or watch=true may take for ever to
// begin, every other has a deadline for that; none has one to end.
//
// An answer other than 2xx, no answer, and a body that breaks off are
// *problem.Error; where the API server sent a Status, or something else answered
// in its place, Err holds an apierrors.APIStatus. When ctx ends, its error comes.
func (c *Cluster) Get(ctx context.Context, path string, query url.Values, accept string) (io.ReadCloser, error) {
	r := request{method: http.MethodGet, path: path, query: query, accept: accept, firstByte: c.settings.timing.firstByte}
	if w := query.Get("watch"); w == "1" || w == "true" {
		r.firstByte = 0
	}
	return c.send(ctx, r)
}

// send sends a request with the present client and takes note of the outcome. A
// request that is refused for credentials of a plugin is sent once more with new ones.
func (c *Cluster) send(ctx context.Context, r request) (io.ReadCloser, error) {
	body, client, err := c.attempt(ctx, r)
	refused, ok := errors.AsType[*problem.Error](err)
	if ok && refused.Code == problem.Unauthorized && client != nil && client.renewable && c.forget(client) {
		body, _, err = c.attempt(ctx, r)
	}
	return body, err
}

func (c *Cluster) attempt(ctx context.Context, r request) (io.ReadCloser, *client, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	answer, err := client.send(ctx, r)
	c.observe(client.wire, began, err)
	if err != nil {
		return nil, client, err
	}
	answer.broken = func(err error) { c.observe(client.wire, time.Now(), err) }
	return answer, client, nil
}
