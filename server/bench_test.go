package server

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"go.lsp.dev/jsonrpc2"

	"pilothouse/server/wire"
)

// BenchmarkCall is one call and its answer over a Unix socket: through a session,
// and, as the peer, through the bare library with its own framing.
func BenchmarkCall(b *testing.B) {
	params := wire.ContextParams{Context: "kind"}
	b.Run("session", func(b *testing.B) {
		d, _ := newTestDaemon(Engine{Clusters: newFakeClusters(), Explorer: newFakeExplorer()}, DaemonOptions{})
		c := newClient(b.Context(), dialed(b, func(conn net.Conn) { d.ServeConn(b.Context(), conn) }), func() {})
		defer c.Close()
		if err := c.initialize(b.Context(), "bench", "", nil); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Ask(b.Context(), c, wire.ClustersRetry, params); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		far := dialed(b, func(conn net.Conn) {
			rpc := jsonrpc2.NewConn(jsonrpc2.NewStream(conn))
			rpc.Go(b.Context(), func(context.Context, *jsonrpc2.Request) (any, error) { return wire.None{}, nil })
			<-rpc.Done()
		})
		rpc := jsonrpc2.NewConn(jsonrpc2.NewStream(far))
		rpc.Go(b.Context(), jsonrpc2.MethodNotFoundHandler)
		defer far.Close()
		b.ReportAllocs()
		for b.Loop() {
			var result wire.None
			if _, err := rpc.Call(b.Context(), string(wire.ClustersRetry), params, &result); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// dialed gives one end of a Unix socket; serve has the other until it returns.
func dialed(b *testing.B, serve func(net.Conn)) net.Conn {
	b.Helper()
	path := filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	go serve(accepted)
	return conn
}
