package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"

	"pilothouse/server/logging"
	"pilothouse/server/wire"
)

// Standalone begins a session with a daemon of its own in this process. That
// reads kubeconfig and remembers choices as the user's daemon does, and writes
// its log to logs; nil discards it. The caller closes the client, and with it the
// daemon.
func Standalone(ctx context.Context, name string, logs io.Writer) (*Client, error) {
	conn, end, err := serveAlone(ctx, logs)
	if err != nil {
		return nil, err
	}
	client := newClient(conn, end)
	client.daemon, err = Ask(ctx, client, wire.DaemonInfo, wire.None{})
	if err == nil {
		err = client.initialize(ctx, name, Version())
	}
	if err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// serveAlone serves one session in this process, over the live features. end ends
// it and waits until nothing of it is left.
func serveAlone(ctx context.Context, logs io.Writer) (conn net.Conn, end func(), err error) {
	if logs == nil {
		logs = io.Discard
	}
	book, log := logging.NewBook(logs, slog.LevelInfo)
	engine, closeEngine, err := liveEngine(ctx, log)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := net.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	var session sync.WaitGroup
	session.Go(func() {
		NewDaemon(engine, DaemonOptions{Log: log, Book: book}).ServeConn(ctx, theirs)
	})
	return ours, func() {
		cancel()
		session.Wait()
		closeEngine()
	}, nil
}
