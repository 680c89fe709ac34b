package server

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"pilothouse/server/framing"
	"pilothouse/server/logging"
	"pilothouse/server/wire"
)

// newTestDaemon is a daemon with methods that misbehave: test/panic,
// test/panicked (a notification), test/block, which waits to be cancelled.
func newTestDaemon(engine Engine, o DaemonOptions) (*Daemon, *lockedBuffer) {
	logs := &lockedBuffer{}
	o.Book, o.Log = logging.NewBook(logs, slog.LevelInfo)
	if o.Version == "" {
		o.Version = "v0.0.0-test"
	}
	if o.Limits == (framing.Limits{}) {
		o.Limits = framing.Limits{Message: 64 << 10, Patience: framing.DefaultLimits().Patience}
	}
	d := NewDaemon(engine, o)
	serve(d.methods, "test/panic", func(c call, _ context.Context, _ wire.None) (wire.None, error) {
		c.release()
		panic("on purpose")
	})
	serve(d.methods, "test/panicInOrder", func(call, context.Context, wire.None) (wire.None, error) {
		panic("on purpose")
	})
	serve(d.methods, "test/block", func(c call, ctx context.Context, _ wire.None) (wire.None, error) {
		c.release()
		<-ctx.Done()
		return wire.None{}, ctx.Err()
	})
	take(d.methods, "test/panicked", func(*session, context.Context, *struct{}) error { panic("on purpose") })
	return d, logs
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
