package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"pilothouse/server"
	"pilothouse/server/wire"
)

func newVersion(g *globals) *cobra.Command {
	o := versionOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of this program, the daemon and the contract between them",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	addOutputFlag(cmd, &o.output, "json")
	cmd.Flags().BoolVar(&o.client, "client", false, "print this program's version alone, without asking the daemon")
	return cmd
}

type versionOptions struct {
	*globals

	output string
	client bool
}

// versions is what `version` prints.
type versions struct {
	Client   string `json:"client"`
	Contract int    `json:"contract"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Daemon is nil when it was not asked.
	Daemon *wire.DaemonStatus `json:"daemon,omitempty"`
}

func (o versionOptions) run(ctx context.Context) error {
	v := versions{
		Client: server.Version(), Contract: wire.ContractVersion,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	var failure error
	if !o.client {
		info, err := o.info(ctx)
		if err == nil {
			v.Daemon = &info
		}
		failure = err
	}
	return errors.Join(o.print(v), failure)
}

func (o versionOptions) info(ctx context.Context) (wire.DaemonStatus, error) {
	ctx, cancel := o.limit(ctx)
	defer cancel()
	s, err := o.open(ctx)
	if err != nil {
		return wire.DaemonStatus{}, err
	}
	defer s.Close()
	return server.Ask(ctx, s.Client, wire.DaemonInfo, wire.None{})
}

func (o versionOptions) print(v versions) error {
	if o.output == "json" {
		return printJSON(o.streams.Out, v)
	}
	fmt.Fprintf(o.streams.Out, "client    %s (%s, %s)\ncontract  %d\n", v.Client, v.Platform, v.Go, v.Contract)
	if v.Daemon != nil {
		fmt.Fprintf(o.streams.Out, "daemon    %s (process %d, contract %d)\n", v.Daemon.Version, v.Daemon.PID, v.Daemon.Contract)
	}
	return nil
}
