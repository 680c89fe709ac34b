package cluster

import (
	"context"
	"errors"
	"io"
	"net/url"

	"k8s.io/client-go/rest"
)

// Cluster is the API server of one context, for the user of that context.
type Cluster struct{}

// Context is the context the cluster is pinned to.
func (c *Cluster) Context() Context { return Context{} }

// Status tells whether the cluster can be worked with.
func (c *Cluster) Status() Status { return Status{State: StateIdle} }

// OnChange calls f after the status, the context or the kinds changed, until stop is called.
func (c *Cluster) OnChange(f func()) (stop func()) { return func() {} }

// Hold keeps the cluster connected and its kinds fresh until release is called.
func (c *Cluster) Hold() (release func()) { return func() {} }

// Retry tries again now what is waiting for its next attempt.
func (c *Cluster) Retry() {}

// Get sends one GET and streams the body of the answer.
func (c *Cluster) Get(ctx context.Context, path string, query url.Values, accept string) (io.ReadCloser, error) {
	return nil, errors.ErrUnsupported
}

// RESTConfig gives a copy of the configuration for other clients.
func (c *Cluster) RESTConfig() (*rest.Config, error) { return nil, errors.ErrUnsupported }

// Kinds gives the kinds that the API server serves.
func (c *Cluster) Kinds(ctx context.Context) (*Kinds, error) { return nil, errors.ErrUnsupported }

// Namespaces gives the namespaces that are known without the right to list them.
func (c *Cluster) Namespaces() []string { return nil }

// Allowed tells what the user may do in a namespace.
func (c *Cluster) Allowed(ctx context.Context, namespace string) (*Rules, error) {
	return nil, errors.ErrUnsupported
}
