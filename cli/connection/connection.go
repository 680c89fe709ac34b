// Package connection is what the command line needs of its connection to an
// engine, be it the user's daemon or one in this process, with the contract's
// types checked by the compiler.
package connection

import (
	"context"
	"encoding/json"

	"pilothouse/server/wire"
)

// Connection is an open connection; *server.Client is one.
type Connection interface {
	// Call sends a request and decodes its answer into result. A failure that the
	// engine tells is a *problem.Error. When ctx ends, so does the request.
	Call(ctx context.Context, method string, params, result any) error
	// Handle sets what takes the notifications of a method, in their order. It must
	// not block and must not call.
	Handle(method string, handler func(params json.RawMessage))
	// Done is closed when the connection has ended.
	Done() <-chan struct{}
	// Close ends the connection.
	Close() error
}

// Call calls a method of the contract.
func Call[P, R any](ctx context.Context, c Connection, method wire.Call[P, R], params P) (R, error) {
	var result R
	err := c.Call(ctx, string(method), params, &result)
	return result, err
}

// Handle sets what takes a notification of the contract. One that cannot be
// decoded comes from a newer engine: it is let pass.
func Handle[P any](c Connection, method wire.Notification[P], handler func(P)) {
	c.Handle(string(method), func(raw json.RawMessage) {
		var params P
		if err := json.Unmarshal(raw, &params); err == nil {
			handler(params)
		}
	})
}
