package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"

	"pilothouse/explorer/cluster"
	"pilothouse/server/logging"
	"pilothouse/server/wire"
)

// StandaloneOptions say how a daemon in this process works.
type StandaloneOptions struct {
	// Name is what the client calls itself, for example "pilothouse tree".
	Name string
	// Kubeconfig is the one file to read, and then nothing is remembered. "" means to
	// read files and to remember choices as the user's daemon does.
	Kubeconfig string
	// Logs takes the daemon's log; nil discards it.
	Logs io.Writer
}

// Standalone begins a session with a daemon of its own in this process. The caller
// closes the client, and with it the daemon.
func Standalone(ctx context.Context, o StandaloneOptions) (*Client, error) {
	clusters := usersClusters()
	if o.Kubeconfig != "" {
		clusters = cluster.Options{Files: []string{o.Kubeconfig}}
	}
	conn, end, err := serveAlone(ctx, clusters, o.Logs)
	if err != nil {
		return nil, err
	}
	client := newClient(ctx, conn, end)
	client.daemon, err = Ask(ctx, client, wire.DaemonInfo, wire.None{})
	if err == nil {
		err = client.initialize(ctx, o.Name, Version(), nil)
	}
	if err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// serveAlone serves one session in this process, over the live features. end ends
// it and waits until nothing of it is left.
func serveAlone(ctx context.Context, clusters cluster.Options, logs io.Writer) (conn net.Conn, end func(), err error) {
	if logs == nil {
		logs = io.Discard
	}
	book, log := logging.NewBook(logs, slog.LevelInfo)
	engine, closeEngine, err := liveEngine(ctx, clusters, log)
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
