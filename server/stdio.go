package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"go.lsp.dev/jsonrpc2"

	"pilothouse/server/framing"
	"pilothouse/server/socket"
)

// Bridge connects an editor that speaks over in and out to the user's daemon,
// which it starts where there is none, and returns when either of them is done.
// Where no daemon can be reached, the editor is told why in the answer to its
// first request.
//
// A goroutine reads in; it ends when in does, which for a process's standard
// input may be after Bridge has returned.
func Bridge(ctx context.Context, in io.Reader, out io.Writer, o ConnectOptions) error {
	conn, err := o.bridgeEnd(ctx)
	if err != nil {
		conn = explain(ctx, err)
	}
	return errors.Join(err, splice(ctx, in, out, conn))
}

// BridgeStandalone serves an editor that speaks over in and out in this process,
// with a daemon of its own. Its log goes to logs.
func BridgeStandalone(ctx context.Context, in io.Reader, out, logs io.Writer) error {
	conn, end, err := serveAlone(ctx, usersClusters(), logs)
	if err != nil {
		conn, end = explain(ctx, err), func() {}
	}
	defer end()
	return errors.Join(err, splice(ctx, in, out, conn))
}

// bridgeEnd gives a connection to the daemon over which nothing has been said yet.
func (o ConnectOptions) bridgeEnd(ctx context.Context) (net.Conn, error) {
	// A session of our own makes sure of a daemon that speaks our contract.
	client, err := Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	return socket.Dial(ctx, o.Socket)
}

// splice copies both ways until conn's other end hangs up, in ends and is
// answered, or ctx ends.
func splice(ctx context.Context, in io.Reader, out io.Writer, conn net.Conn) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	go func() {
		_, _ = io.Copy(conn, in) // a broken conn shows below
		hangUp(conn)
	}()
	_, err := io.Copy(out, conn)
	if err == nil || errors.Is(err, io.ErrClosedPipe) || ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("passing on what the daemon says: %w", err)
}

// hangUp tells the other end that nothing more will come.
func hangUp(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the other end may be gone
		return
	}
	conn.Close()
}

// explain gives a connection to somebody who answers every request with err.
func explain(ctx context.Context, err error) net.Conn {
	ours, theirs := net.Pipe()
	conn := jsonrpc2.NewConn(framing.NewStream(theirs, framing.DefaultLimits()))
	conn.Go(ctx, func(_ context.Context, req *jsonrpc2.Request) (any, error) {
		if req.IsCall() {
			return nil, wireError(err)
		}
		return nil, nil
	})
	return ours
}
