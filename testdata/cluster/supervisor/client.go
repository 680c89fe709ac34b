package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"pilothouse/testdata/cluster/config"
)

// Client speaks to the supervisor of a cluster.
type Client struct {
	http *http.Client
}

// Dial returns a client of the cluster's supervisor. Whether there is one shows with the first call.
func Dial(cluster *config.Cluster) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (connection net.Conn, err error) {
			err = throughFolder(cluster, socketFile, func(path string) error {
				connection, err = new(net.Dialer).DialContext(ctx, "unix", path)
				return err
			})
			return connection, err
		},
	}}}
}

// Status tells how every program is.
func (c *Client) Status(ctx context.Context) ([]Status, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://supervisor/status", nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var all []Status
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		return nil, fmt.Errorf("reading the supervisor's answer: %w", err)
	}
	return all, nil
}

// Start starts a program and returns when it is ready.
func (c *Client) Start(ctx context.Context, program string) error {
	return c.act(ctx, "start/"+program)
}

// Stop ends a program with SIGKILL and returns when it is gone.
func (c *Client) Stop(ctx context.Context, program string) error { return c.act(ctx, "stop/"+program) }

// Restart is Stop and Start.
func (c *Client) Restart(ctx context.Context, program string) error {
	return c.act(ctx, "restart/"+program)
}

// Compact makes etcd, and the API server that it restarts, forget every revision but the present one.
func (c *Client) Compact(ctx context.Context) error { return c.act(ctx, "compact") }

func (c *Client) act(ctx context.Context, path string) error {
	return post(ctx, c.http, "http://supervisor/"+path, nil, nil)
}
