package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"pilothouse/explorer/problem"
	"pilothouse/server/framing"
	"pilothouse/server/wire"
)

// largestAnswer is what a client takes of the daemon, which it trusts: a page of
// 100,000 rows has some 70 MB.
const largestAnswer = 1 << 30

// Client is a session with the daemon, for the command line and for tests. Its
// methods may be called from many goroutines. Its one goroutine reads what the
// daemon sends and ends with Close or the connection.
type Client struct {
	conn   jsonrpc2.Conn
	stream *framing.Stream
	daemon wire.DaemonStatus // as it introduced itself
	end    func()            // ends what was started for this client alone, after the connection

	mu       sync.Mutex
	handlers map[string]func(json.RawMessage)
}

// newClient begins to read from conn, which it owns, and goes on after the end of
// ctx. end is called last, by Close.
func newClient(ctx context.Context, conn net.Conn, end func()) *Client {
	limits := framing.DefaultLimits()
	limits.Message = largestAnswer
	stream := framing.NewStream(conn, limits)
	c := &Client{
		conn:     jsonrpc2.NewConn(stream, jsonrpc2.WithCodec(codec{})),
		stream:   stream,
		end:      end,
		handlers: map[string]func(json.RawMessage){},
	}
	c.conn.Go(context.WithoutCancel(ctx), c.handle)
	return c
}

// Call asks for method and waits for the answer. params and result are encoded as
// encoding/json does; a nil result drops it. When ctx ends first the daemon is
// told and ctx's error is answered. Every other error is a *problem.Error: as the
// daemon sent it, or Gone when the connection has ended.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	sent, err := encode(params)
	if err != nil {
		return err
	}
	var answer jsonrpc2.RawMessage
	err = protocol.Call(ctx, c.conn, method, sent, &answer)
	var rpc *jsonrpc2.Error
	switch {
	case err == nil && result == nil:
		return nil
	case err == nil:
		if err := json.Unmarshal(answer, result); err != nil {
			return fmt.Errorf("reading the answer to %s: %w", method, err)
		}
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &rpc):
		return problemFrom(rpc)
	}
	return disconnected(err)
}

// Notify sends a notification and waits until it is written.
func (c *Client) Notify(ctx context.Context, method string, params any) error {
	sent, err := encode(params)
	if err != nil {
		return err
	}
	if err := c.conn.Notify(ctx, method, sent); err != nil {
		return disconnected(err)
	}
	return nil
}

// Handle calls f with the params of every notification of method from now on, one
// at a time, in the order they were sent, in place of the function before. While f
// runs nothing more is read, so f must not wait for an answer of the daemon; a
// slow f makes the daemon send less often.
func (c *Client) Handle(method string, f func(json.RawMessage)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlers[method] = f
}

// Ask makes a call of the contract.
func Ask[P, R any](ctx context.Context, c *Client, method wire.Call[P, R], params P) (R, error) {
	var result R
	err := c.Call(ctx, string(method), params, &result)
	return result, err
}

// On handles a notification of the contract, as Handle does. Params that do not
// decode are dropped.
func On[P any](c *Client, method wire.Notification[P], f func(P)) {
	c.Handle(string(method), func(raw json.RawMessage) {
		var params P
		if json.Unmarshal(raw, &params) == nil {
			f(params)
		}
	})
}

// Daemon tells which daemon is at the other end, as it was when the session began.
func (c *Client) Daemon() wire.DaemonStatus { return c.daemon }

// Done is closed when the connection has ended, from either side.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Close ends the session. Calls that wait are answered Gone.
func (c *Client) Close() error {
	err := c.stream.Close()
	// Waits for the read loop, whose error is that we have just closed it.
	_ = c.conn.Close()
	c.end()
	return err
}

// handle takes what the daemon sends by itself. Requests, for a person or an
// editor, have nobody to answer them here.
func (c *Client) handle(_ context.Context, req *jsonrpc2.Request) (any, error) {
	if req.IsCall() {
		return nil, jsonrpc2.Errorf(jsonrpc2.MethodNotFound, "this client answers no %q", req.Method())
	}
	c.mu.Lock()
	f := c.handlers[req.Method()]
	c.mu.Unlock()
	if f != nil {
		f(json.RawMessage(req.Clone().Params()))
	}
	return nil, nil
}

// initialize begins the session of a client that brings these kubeconfig files.
func (c *Client) initialize(ctx context.Context, name, version string, files []string) error {
	params := map[string]any{
		"processId":    nil,
		"rootUri":      nil,
		"capabilities": struct{}{},
		"clientInfo":   map[string]string{"name": name, "version": version},
		"initializationOptions": wire.InitializationOptions{
			Contract:   wire.ContractVersion,
			Version:    version,
			Kubeconfig: files,
		},
	}
	if err := c.Call(ctx, protocol.MethodInitialize, params, nil); err != nil {
		return err
	}
	return c.Notify(ctx, protocol.MethodInitialized, struct{}{})
}

func disconnected(err error) error {
	return &problem.Error{
		Code:        problem.Gone,
		Message:     "the connection to the daemon has ended",
		Suggestions: []string{"try again: the daemon is started anew", "look into its log; pilothouse doctor tells where it is"},
		Err:         err,
	}
}
