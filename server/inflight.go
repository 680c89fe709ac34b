package server

import (
	"context"
	"sync"

	"go.lsp.dev/jsonrpc2"
)

// mostCalls is how many calls of one session may be handled at once.
const mostCalls = 1024

// callsInFlight are the calls of a session that are being handled, so that they
// can be cancelled and counted.
type callsInFlight struct {
	mu      sync.Mutex
	cancels map[jsonrpc2.ID]context.CancelFunc
}

func newCallsInFlight() callsInFlight {
	return callsInFlight{cancels: map[jsonrpc2.ID]context.CancelFunc{}}
}

// begin gives the context of a call, which ends when it is cancelled. done must
// be called when it has been handled.
func (c *callsInFlight) begin(parent context.Context, id jsonrpc2.ID) (ctx context.Context, done func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancels[id] != nil {
		return nil, nil, jsonrpc2.Errorf(jsonrpc2.InvalidRequest, "a call with the id %v is being handled already", id)
	}
	if len(c.cancels) == mostCalls {
		return nil, nil, requestFailed("too many calls are being handled; wait for some answers")
	}
	ctx, cancel := context.WithCancel(parent)
	c.cancels[id] = cancel
	return ctx, func() { c.end(id, cancel) }, nil
}

func (c *callsInFlight) end(id jsonrpc2.ID, cancel context.CancelFunc) {
	c.mu.Lock()
	delete(c.cancels, id)
	c.mu.Unlock()
	cancel()
}

// cancel ends the context of a call; a call that is not known has been answered.
func (c *callsInFlight) cancel(id jsonrpc2.ID) {
	c.mu.Lock()
	cancel := c.cancels[id]
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
