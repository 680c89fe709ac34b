package server

import (
	"context"

	"go.lsp.dev/jsonrpc2"

	"pilothouse/server/wire"
)

// table is every method that the daemon serves, by its name.
type table struct {
	calls         map[string]*callMethod
	notifications map[string]*notificationMethod
}

// callMethod answers a call. Its run decodes params on the read loop; they are
// borrowed until the handler proper begins.
type callMethod struct {
	name string
	run  func(ctx context.Context, c call, params []byte) (any, error)
}

// notificationMethod takes a notification, on the read loop.
type notificationMethod struct {
	name string
	run  func(ctx context.Context, s *session, params []byte) error
}

// serve adds a call of the contract.
func serve[P, R any](t *table, name wire.Call[P, R], handle func(call, context.Context, P) (R, error)) {
	t.addCall(string(name), func(ctx context.Context, c call, params []byte) (any, error) {
		var p P
		if err := decode(params, &p); err != nil {
			return nil, err
		}
		result, err := handle(c, ctx, p)
		if err != nil {
			return nil, err
		}
		return encode(result)
	})
}

// serveLSP adds a call of the Language Server Protocol.
func serveLSP[P any](t *table, name string, handle func(call, context.Context, *P) (any, error)) {
	t.addCall(name, func(ctx context.Context, c call, params []byte) (any, error) {
		var p P
		if err := decodeLSP(params, &p); err != nil {
			return nil, err
		}
		return handle(c, ctx, &p)
	})
}

// take adds a notification of the Language Server Protocol.
func take[P any](t *table, name string, handle func(*session, context.Context, *P) error) {
	t.notifications[name] = &notificationMethod{
		name: name,
		run: func(ctx context.Context, s *session, params []byte) error {
			var p P
			if err := decodeLSP(params, &p); err != nil {
				return err
			}
			return handle(s, ctx, &p)
		},
	}
}

func (t *table) addCall(name string, run func(context.Context, call, []byte) (any, error)) {
	if t.calls[name] != nil {
		panic("two methods are named " + name)
	}
	t.calls[name] = &callMethod{name: name, run: run}
}

// call finds the method of a call.
func (t *table) call(name string) (*callMethod, error) {
	if m := t.calls[name]; m != nil {
		return m, nil
	}
	return nil, jsonrpc2.Errorf(jsonrpc2.MethodNotFound, "there is no method %q", name)
}
