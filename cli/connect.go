package cli

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"pilothouse/cli/table"
	"pilothouse/server"
	"pilothouse/server/wire"
)

// clientName is what the commands call themselves to the daemon.
const clientName = "pilothouse command line"

// connect begins a session with the user's daemon, or with an engine in this
// process where a flag asks for that.
func connect(ctx context.Context, g *globals) (*server.Client, error) {
	client, err := g.begin(ctx)
	if err != nil || g.verbosity == 0 {
		return client, err
	}
	if err := g.followLog(ctx, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

func (g *globals) begin(ctx context.Context) (*server.Client, error) {
	if g.standalone || g.kubeconfig != "" {
		return server.Standalone(ctx, server.StandaloneOptions{Name: clientName, Kubeconfig: g.kubeconfig})
	}
	return server.Connect(ctx, server.ConnectOptions{Name: clientName, Log: g.log()})
}

// log is where connecting tells what it does.
func (g *globals) log() *slog.Logger {
	if g.verbosity == 0 {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(g.streams.ErrOut, nil))
}

// followLog prints the engine's log for as long as the session lasts.
func (g *globals) followLog(ctx context.Context, client *server.Client) error {
	server.On(client, wire.LogMessage, func(r wire.LogRecord) {
		fmt.Fprintln(g.streams.ErrOut, logLine(r))
	})
	level := "info"
	if g.verbosity >= 4 {
		level = "debug"
	}
	_, err := server.Ask(ctx, client, wire.LogFollow, wire.LogFollowParams{Level: level})
	return err
}

func logLine(r wire.LogRecord) string {
	var attributes []string
	for name, value := range r.Attributes {
		attributes = append(attributes, fmt.Sprintf(" %s=%s", name, value))
	}
	slices.Sort(attributes)
	at := time.UnixMilli(r.Time).Format("15:04:05.000")
	return table.Printable(fmt.Sprintf("%s %-5s %s%s", at, r.Level, r.Message, strings.Join(attributes, "")))
}
