package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"pilothouse/explorer/problem"
	"pilothouse/server"
	"pilothouse/server/socket"
	"pilothouse/server/wire"
)

func newDaemon(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "daemon",
		Short: "Ask for the daemon that editors and these commands share, or end it",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDaemonStatus(g), newDaemonStop(g))
	return cmd
}

func newDaemonStatus(g *globals) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell which daemon runs and whom it serves, without starting one",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withDaemon(cmd.Context(), func(ctx context.Context, s *session) error {
				info, err := server.Ask(ctx, s.Client, wire.DaemonInfo, wire.None{})
				if err != nil {
					return err
				}
				if output == "json" {
					return printJSON(g.streams.Out, info)
				}
				g.printDaemon(info)
				return nil
			})
		},
	}
	addOutputFlag(cmd, &output, "json")
	return cmd
}

func newDaemonStop(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "End the daemon for every editor and command",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withDaemon(cmd.Context(), func(ctx context.Context, s *session) error {
				_, err := server.Ask(ctx, s.Client, wire.DaemonShutdown, wire.ShutdownParams{})
				return err
			})
		},
	}
}

// withDaemon calls do with a session of the daemon that runs already.
func (g *globals) withDaemon(ctx context.Context, do func(context.Context, *session) error) error {
	ctx, cancel := g.limit(ctx)
	defer cancel()
	if err := running(ctx); err != nil {
		return err
	}
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return do(ctx, s)
}

// running tells when no daemon runs.
func running(ctx context.Context) error {
	path, err := socket.Path()
	if err != nil {
		return err
	}
	conn, err := socket.Dial(ctx, path)
	if errors.Is(err, socket.ErrAbsent) {
		return &problem.Error{
			Code: problem.Gone, Message: "no daemon runs",
			Suggestions: []string{"any command starts one, for example: pilothouse contexts"},
		}
	}
	if err != nil {
		return fmt.Errorf("connecting to the daemon: %w", err)
	}
	return conn.Close()
}

func (g *globals) printDaemon(info wire.DaemonStatus) {
	out := g.streams.Out
	fmt.Fprintf(out, "version   %s, contract %d\n", info.Version, info.Contract)
	fmt.Fprintf(out, "process   %d, for %s, %.1f MB\n", info.PID, since(info.Started), float64(info.Memory)/(1<<20))
	fmt.Fprintf(out, "socket    %s\n", info.Socket)
	fmt.Fprintf(out, "log       %s\n", info.LogFile)
	for _, session := range info.Sessions {
		fmt.Fprintf(out, "session   %s, for %s, %d views\n", session.Client, since(session.Since), session.Views)
	}
}

// since is the human duration since a moment in Unix seconds.
func since(unix int64) string {
	return duration.HumanDuration(time.Since(time.Unix(unix, 0)))
}
