package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"pilothouse/cli/table"
	"pilothouse/explorer/problem"
	"pilothouse/server"
	"pilothouse/server/wire"
)

func newDoctor(g *globals) *cobra.Command {
	o := doctorOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with the set-up, and say what to do about it",
		Long: "Look for what is wrong with the set-up, and say what to do about it.\n" +
			"The exit code is 1 when something will not work.",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	addOutputFlag(cmd, &o.output, "json")
	return cmd
}

type doctorOptions struct {
	*globals

	output string
}

func (o doctorOptions) run(ctx context.Context) error {
	ctx, cancel := o.limit(ctx)
	defer cancel()
	report, err := o.examine(ctx)
	if err != nil && ctx.Err() != nil {
		return ended(ctx, err)
	}
	if err != nil {
		// That no daemon answers is a finding too.
		p := problem.Of(err)
		report.Findings = append(report.Findings, wire.Finding{
			Check: "daemon", Level: wire.LevelError, Message: p.Message, Problem: p.Detail(),
		})
	}
	if err := o.print(report); err != nil {
		return err
	}
	for _, finding := range report.Findings {
		if finding.Level == wire.LevelError {
			return errTold
		}
	}
	return nil
}

func (o doctorOptions) examine(ctx context.Context) (wire.DoctorReport, error) {
	s, err := o.open(ctx)
	if err != nil {
		return wire.DoctorReport{}, err
	}
	defer s.Close()
	return server.Ask(ctx, s.Client, wire.DaemonDoctor, wire.None{})
}

func (o doctorOptions) print(report wire.DoctorReport) error {
	if o.output == "json" {
		return printJSON(o.streams.Out, report)
	}
	for _, finding := range report.Findings {
		fmt.Fprintf(o.streams.Out, "%-8s %-12s %s\n", finding.Level, finding.Check, table.Printable(finding.Message))
		if finding.Problem == nil {
			continue
		}
		if cause := finding.Problem.Cause; cause != "" {
			fmt.Fprintf(o.streams.Out, "%-21s cause: %s\n", "", table.Printable(cause))
		}
		for _, suggestion := range finding.Problem.Suggestions {
			fmt.Fprintf(o.streams.Out, "%-21s try: %s\n", "", table.Printable(suggestion))
		}
	}
	return nil
}
