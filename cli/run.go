package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"pilothouse/cli/table"
	"pilothouse/explorer/problem"
)

// The exit codes: 130 is what a shell reports for a program that Ctrl-C ended.
const (
	exitOK          = 0
	exitFailure     = 1
	exitInterrupted = 130
)

// Streams are what commands read and print.
type Streams struct {
	In     io.Reader
	Out    io.Writer
	ErrOut io.Writer
}

// Run runs the command line with args (without the program's name) and answers
// the exit code. The end of ctx interrupts it.
func Run(ctx context.Context, args []string, streams Streams) int {
	root := newRoot(&globals{streams: streams, connect: connect})
	return execute(ctx, root, args, streams)
}

func execute(ctx context.Context, root *cobra.Command, args []string, streams Streams) int {
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	err := root.ExecuteContext(ctx)
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case err == nil:
		return exitOK
	case !errors.Is(err, errTold):
		printError(streams.ErrOut, err)
	}
	return exitFailure
}

// errTold ends a command whose output has already told what is wrong.
var errTold = errors.New("the command has told what is wrong")

// printError tells a person what went wrong and what to do next. Causes come
// from clusters: they are printed as data.
func printError(out io.Writer, err error) {
	p := problem.Of(err)
	fmt.Fprintf(out, "error: %s\n", table.Printable(p.Message))
	if p.Err != nil {
		if cause := p.Err.Error(); !strings.Contains(p.Message, cause) {
			fmt.Fprintf(out, "  cause: %s\n", table.Printable(cause))
		}
	}
	if p.Tried != "" {
		fmt.Fprintf(out, "  tried: %s\n", table.Printable(p.Tried))
	}
	for _, suggestion := range p.Suggestions {
		fmt.Fprintf(out, "  try: %s\n", table.Printable(suggestion))
	}
}

// failed is the failure that a view or a row told, with the sentence for when it
// told nothing.
func failed(otherwise string, d *problem.Detail) error {
	if d == nil {
		return &problem.Error{Code: problem.Internal, Message: otherwise}
	}
	p := &problem.Error{Code: problem.Rejected, Message: d.Message, Tried: d.Tried, Suggestions: d.Suggestions}
	if d.Cause != "" {
		p.Err = errors.New(d.Cause)
	}
	return p
}

// ended is why waiting ended: the time limit's sentence where that was it.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func newRoot(g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:   "pilothouse",
		Short: "Kubernetes development in any editor",
		Long: "Pilothouse brings the Kubernetes development cycle into any editor.\n" +
			"Editors speak to its daemon (pilothouse serve); these commands do so too.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	g.addFlags(root)
	root.AddCommand(
		newContexts(g),
		newGet(g),
		newTree(g),
		newDoctor(g),
		newDaemon(g),
		newServe(g),
		newVersion(g),
	)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(cmd, err)
	})
	completeGlobals(root, g)
	return root
}

// knownCommand refuses what is left when no command was found, and suggests what
// may have been meant.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	p := &problem.Error{Code: problem.InvalidQuery, Message: fmt.Sprintf("there is no command %q", args[0])}
	for _, name := range root.SuggestionsFor(args[0]) {
		p.Suggestions = append(p.Suggestions, root.Name()+" "+name)
	}
	p.Suggestions = append(p.Suggestions, root.Name()+" --help")
	return p
}

// usageError tells where a command's flags and arguments are explained.
func usageError(cmd *cobra.Command, err error) error {
	return &problem.Error{
		Code: problem.InvalidQuery, Message: err.Error(),
		Suggestions: []string{cmd.CommandPath() + " --help"},
	}
}

// arguments makes a command explain itself when args has the wrong number of arguments.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(cmd, err)
		}
		return nil
	}
}
