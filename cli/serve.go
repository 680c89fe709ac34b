package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/explorer/problem"
	"pilothouse/server"
)

func newServe(g *globals) *cobra.Command {
	o := serveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve editors: be the daemon, or connect one editor to it",
		Long: "Serve editors with JSON-RPC as the Language Server Protocol frames it.\n\n" +
			"Without flags this process is the daemon that all editors and commands of the user\n" +
			"share; it listens on a socket that only the user may use. They start it by\n" +
			"themselves when there is none.\n\n" +
			"With --stdio it connects the editor that started it to that daemon.",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.stdio, "stdio", false, "speak over standard input and output")
	flags.StringVar(&o.socket, "socket", "", "listen, or connect, here (default: in the user's runtime folder)")
	flags.DurationVar(&o.idle, "idle-timeout", server.DefaultIdle, "end when nobody has used the daemon for so long; 0 never does")
	flags.StringVar(&o.logFile, "log-file", "", "write the daemon's log here (default: in the user's state folder)")
	flags.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.BoolVar(&o.detached, "detached", false, "tell on standard output when clients can connect, for who starts the daemon")
	if err := flags.MarkHidden("detached"); err != nil {
		panic(err) // the line above defines it
	}
	mustComplete(cmd, "log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

type serveOptions struct {
	*globals

	stdio    bool
	socket   string
	idle     time.Duration
	logFile  string
	logLevel string
	detached bool
}

func (o serveOptions) run(ctx context.Context) error {
	switch {
	case o.stdio && o.standalone:
		return server.BridgeStandalone(ctx, o.streams.In, o.streams.Out, o.streams.ErrOut)
	case o.stdio:
		return server.Bridge(ctx, o.streams.In, o.streams.Out, server.ConnectOptions{Socket: o.socket, Name: "pilothouse serve --stdio"})
	case o.standalone:
		return &problem.Error{Code: problem.InvalidQuery, Message: "--standalone serves one editor: use it with --stdio"}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return &problem.Error{
			Code: problem.InvalidQuery, Message: fmt.Sprintf("%q is no log level: choose debug, info, warn or error", o.logLevel),
		}
	}
	return server.Run(ctx, server.RunOptions{
		Socket: o.socket, Idle: o.idle, Detached: o.detached, LogFile: o.logFile, LogLevel: level,
	})
}
