package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

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
	r := request{method: http.MethodGet, path: path, query: query, accept: accept, header: c.settings.timing.firstByte}
	if w := query.Get("watch"); w == "1" || w == "true" {
		r.header = 0
	}
	return c.send(ctx, r)
}

// RESTConfig gives a copy of the configuration for other clients: exec,
// port-forward, typed clients. Credentials of a plugin are those of now; ask
// again rather than keep it. Client-side rate limiting is off: the server's
// priority and fairness decides.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	client, err := c.connect(c.workers.ctx)
	if err != nil {
		return nil, err
	}
	return rest.CopyConfig(client.rest), nil
}

// send sends a request with the present client and takes note of the outcome. A
// request that is refused for credentials of a plugin is sent once more with new ones.
func (c *Cluster) send(ctx context.Context, r request) (io.ReadCloser, error) {
	body, client, err := c.attempt(ctx, r)
	var refused *problem.Error
	if errors.As(err, &refused) && refused.Code == problem.Unauthorized && client != nil && client.renewable && c.forget(client) {
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

// connect gives the client, building it if need be.
func (c *Cluster) connect(ctx context.Context) (*client, error) {
	c.mu.Lock()
	if c.entry == nil {
		defer c.mu.Unlock()
		return nil, contextUnknown(c.id)
	}
	if p := c.entry.problem; p != nil {
		defer c.mu.Unlock()
		return nil, p
	}
	changed := false
	if c.status.State == StateIdle {
		changed = c.enter(StateConnecting, nil)
	}
	if c.connecting == nil || c.stale(c.connecting) {
		c.connecting = c.launchClient(c.connecting)
	}
	flight, wire := c.connecting, c.wire
	c.mu.Unlock()
	if changed {
		c.listeners.call()
	}
	client, err := flight.wait(ctx)
	if err != nil {
		c.observe(wire, time.Now(), err)
	}
	return client, err
}

// launchClient starts building a client in place of one that went stale. mu is held.
func (c *Cluster) launchClient(old *flight[*client]) *flight[*client] {
	wire, entry := c.wire, c.entry
	return launch(c.workers, func(context.Context) (*client, error) {
		client, err := newClient(wire, entry, c.settings)
		if err == nil && old != nil && old.value != nil {
			old.value.http.CloseIdleConnections()
		}
		return client, err
	})
}

// stale tells whether a client, or the failure to build one, is to be replaced.
func (c *Cluster) stale(f *flight[*client]) bool {
	if !f.landed() {
		return false
	}
	if f.err != nil {
		return time.Since(f.at) > c.settings.timing.pluginPause
	}
	return f.value.expired(time.Now())
}

// forget drops a client whose credentials are refused. It answers false for
// credentials so young that others are not to be had.
func (c *Cluster) forget(refused *client) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.connecting
	if f == nil || !f.landed() || f.value != refused {
		return true // replaced already
	}
	if time.Since(f.at) < c.settings.timing.pluginRest {
		return false
	}
	c.connecting = c.launchClient(f)
	return true
}

// observe lets the outcome of something begun at a time, over a wire, tell the status.
func (c *Cluster) observe(over *wire, began time.Time, outcome error) {
	var failure *problem.Error
	if outcome != nil && !errors.As(outcome, &failure) {
		c.relax()
		return
	}
	state, known := stateAfter(failure)
	c.mu.Lock()
	// What went over an old wire, or failed although a later request succeeded,
	// tells nothing of now.
	if over != c.wire || failure != nil && began.Before(c.answered) || !known {
		c.mu.Unlock()
		return
	}
	if failure == nil && began.After(c.answered) {
		c.answered = began
	}
	lost := c.status.State == StateReady && state != StateReady
	changed := c.enter(state, failure)
	if lost {
		c.keeper.signal()
	}
	c.mu.Unlock()
	if changed {
		c.listeners.call()
	}
}

// relax leaves the state connecting when the only request was given up.
func (c *Cluster) relax() {
	c.mu.Lock()
	changed := false
	if c.status.State == StateConnecting && c.holders == 0 {
		changed = c.enter(StateIdle, nil)
	}
	c.mu.Unlock()
	if changed {
		c.listeners.call()
	}
}

// enter sets the status and tells whether it is another. mu is held.
func (c *Cluster) enter(state State, cause *problem.Error) (changed bool) {
	next := Status{State: state, Version: c.status.Version, Since: c.status.Since}
	if state != StateReady && state != StateIdle && state != StateConnecting {
		next.Problem = cause.Detail()
	}
	if next.State != c.status.State {
		next.Since = time.Now()
	}
	if reflect.DeepEqual(next, c.status) {
		return false
	}
	c.status = next
	return true
}

// configure takes what the files say now; e is nil when they no longer define the
// context. Connections made by what they said before are cut. It tells whether
// the listeners are to be called.
func (c *Cluster) configure(e *entry) (changed bool) {
	var digest [sha256.Size]byte
	if e != nil {
		digest = e.digest()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.entry
	c.entry = e
	if e == nil {
		if before != nil {
			c.rewire(contextUnknown(c.id))
			c.enter(StateGone, contextUnknown(c.id))
		}
		return before != nil
	}
	changed = before == nil || !reflect.DeepEqual(c.context, e.context) || !slices.Equal(before.namespaces, e.namespaces)
	c.context = e.context
	if before != nil && before.connectsAs(e) && c.credential == digest {
		return changed
	}
	c.credential = digest
	c.rewire(configurationChanged(c.id))
	if before != nil && !reflect.DeepEqual(before.cluster(), e.cluster()) {
		c.kinds, c.status.Version = nil, ""
	}
	switch {
	case e.problem != nil:
		c.enter(StateInvalid, e.problem)
	case c.holders > 0:
		c.enter(StateConnecting, nil)
	default:
		c.enter(StateIdle, nil)
	}
	c.keeper.signal()
	return true
}

// connectsAs tells whether two entries lead to the same server as the same user.
func (e *entry) connectsAs(other *entry) bool {
	return reflect.DeepEqual(e.cluster(), other.cluster()) && reflect.DeepEqual(e.user(), other.user()) &&
		sameProblem(e.problem, other.problem)
}

// rewire cuts all connections because of cause and forgets what was learnt over
// them about the user. mu is held.
func (c *Cluster) rewire(cause error) {
	c.wire.cut(cause)
	c.wire = newWire(c.workers.ctx, c.settings.timing)
	c.connecting, c.discovery = nil, nil
	c.answered = time.Time{}
	clear(c.reviews)
}

func configurationChanged(id string) *problem.Error {
	return &problem.Error{
		Code:    problem.Gone,
		Message: "the kubeconfig changed how to connect to " + id,
		Tried:   "keeping the connection to " + id,
	}
}

// close cuts the connections. The workers have ended.
func (c *Cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire.cut(context.Canceled)
}
