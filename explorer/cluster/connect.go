package cluster

import (
	"context"
	"time"

	"k8s.io/client-go/rest"
)

// RESTConfig gives a copy of the configuration for other clients: exec,
// port-forward, typed clients. Credentials of a plugin are those of now; ask
// again rather than keep it. Client-side rate limiting is off: the server's
// priority and fairness decides.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	client, err := c.ensureClient(c.workers.ctx)
	if err != nil {
		return nil, err
	}
	return rest.CopyConfig(client.rest), nil
}

// connect gives the client for a request, whose outcome the caller must observe.
func (c *Cluster) connect(ctx context.Context) (*client, error) {
	c.mu.Lock()
	begins := c.status.State == StateIdle && c.enter(StateConnecting, nil)
	c.mu.Unlock()
	if begins {
		c.listeners.call()
	}
	return c.ensureClient(ctx)
}

// ensureClient gives the client, building it if need be.
func (c *Cluster) ensureClient(ctx context.Context) (*client, error) {
	c.mu.Lock()
	if c.entry == nil {
		defer c.mu.Unlock()
		return nil, contextUnknown(c.id)
	}
	if p := c.entry.problem; p != nil {
		defer c.mu.Unlock()
		return nil, p
	}
	if c.connecting == nil || c.stale(c.connecting) {
		c.connecting = c.launchClient(c.connecting)
	}
	flight, wire := c.connecting, c.wire
	c.mu.Unlock()
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
