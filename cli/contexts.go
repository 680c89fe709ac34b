package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"pilothouse/cli/table"
	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
	"pilothouse/server"
	"pilothouse/server/wire"
)

func newContexts(g *globals) *cobra.Command {
	o := contextsOptions{globals: g}
	cmd := &cobra.Command{
		Use:     "contexts",
		Aliases: []string{"ctx"},
		Short:   "List the contexts of every kubeconfig file and how their clusters are",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	addOutputFlag(cmd, &o.output, "json", "name")
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "print no headings")
	cmd.AddCommand(newContextsAdd(g), newContextsRemove(g), newContextsSetNamespace(g), newContextsRetry(g))
	return cmd
}

type contextsOptions struct {
	*globals

	output    string
	noHeaders bool
}

func (o contextsOptions) run(ctx context.Context) error {
	ctx, cancel := o.limit(ctx)
	defer cancel()
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	list, err := server.Ask(ctx, s.Client, wire.ClustersList, wire.None{})
	if err != nil {
		return err
	}
	switch o.output {
	case "json":
		return printJSON(o.streams.Out, list)
	case "name":
		for _, c := range list.Contexts {
			fmt.Fprintln(o.streams.Out, c.ID)
		}
		return nil
	}
	states, err := contextStates(ctx, s)
	if err != nil {
		return err
	}
	return o.print(list, states)
}

// contextStates are the states of the contexts' clusters as far as somebody has
// asked them for something: listing contexts connects to none.
func contextStates(ctx context.Context, s *session) (map[string]tree.Row, error) {
	v, err := s.views.Open(ctx, tree.Query{Limit: -1})
	if err != nil {
		return nil, err
	}
	states := make(map[string]tree.Row)
	for _, row := range v.Page().Rows {
		states[row.ID] = row
	}
	return states, s.views.Close(ctx, v)
}

func (o contextsOptions) print(list wire.ClusterList, states map[string]tree.Row) error {
	var rows [][]string
	if !o.noHeaders {
		rows = append(rows, []string{"CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE", "STATE"})
	}
	own := readKubeconfig(o.kubeconfig)
	for _, c := range list.Contexts {
		current := ""
		if own.isCurrent(c) {
			current = "*"
		}
		rows = append(rows, printable(current, c.ID, c.Cluster, c.User, c.Namespace, contextState(c, states)))
	}
	if len(list.Contexts) == 0 {
		fmt.Fprintln(o.streams.ErrOut, "No kubeconfig file defines a context")
	} else if err := table.NewWriter(o.streams.Out).Write(rows...); err != nil {
		return err
	}
	for _, file := range list.Files {
		if file.Problem != nil {
			fmt.Fprintf(o.streams.ErrOut, "warning: %s\n", table.Printable(file.Problem.Message))
		}
	}
	return nil
}

// contextState is the state of a context in a word, with the sentence for what is wrong.
func contextState(c cluster.Context, states map[string]tree.Row) string {
	row := states[tree.ContextID(c.ID)]
	for _, p := range []*problem.Detail{c.Problem, row.Problem} {
		if p != nil {
			return p.Code + ": " + p.Message
		}
	}
	return row.Status
}

// contextIDs are the ids of all contexts.
func contextIDs(ctx context.Context, s *session) ([]string, error) {
	list, err := server.Ask(ctx, s.Client, wire.ClustersList, wire.None{})
	var ids []string
	for _, c := range list.Contexts {
		ids = append(ids, c.ID)
	}
	return ids, err
}

func printable(cells ...string) []string {
	for i, cell := range cells {
		cells[i] = table.Printable(cell)
	}
	return cells
}

func newContextsAdd(g *globals) *cobra.Command {
	var trusted bool
	cmd := &cobra.Command{
		Use:   "add FILE",
		Short: "Read one more kubeconfig file, from now on",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("finding %s: %w", args[0], err)
			}
			return callOnce(cmd.Context(), g, wire.ClustersAddFile, wire.AddFileParams{Path: path, Trusted: trusted})
		},
	}
	cmd.Flags().BoolVar(&trusted, "trust", false, "allow the credential plugins that the file names to be run")
	return cmd
}

func newContextsRemove(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "remove FILE",
		Short: "Forget a kubeconfig file that was added",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("finding %s: %w", args[0], err)
			}
			return callOnce(cmd.Context(), g, wire.ClustersRemoveFile, wire.FileParams{Path: path})
		},
	}
}

func newContextsSetNamespace(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set-namespace NAMESPACE",
		Short: "Set the working namespace of a context in Pilothouse; the kubeconfig file stays as it is",
		Long: "Set the working namespace of a context in Pilothouse; the kubeconfig file stays as it is.\n" +
			"An empty NAMESPACE goes back to what the file says.",
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withTarget(cmd.Context(), g, func(ctx context.Context, s *session, t target) error {
				_, err := server.Ask(ctx, s.Client, wire.ClustersSetNamespace,
					wire.SetNamespaceParams{Context: t.context.ID, Namespace: args[0]})
				return err
			})
		},
	}
	cmd.ValidArgsFunction = g.completeOnce(completeNamespaces)
	return cmd
}

func newContextsRetry(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "retry",
		Short: "Try at once to reach a context's cluster that did not answer",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withTarget(cmd.Context(), g, func(ctx context.Context, s *session, t target) error {
				_, err := server.Ask(ctx, s.Client, wire.ClustersRetry, wire.ContextParams{Context: t.context.ID})
				return err
			})
		},
	}
}

// callOnce connects for one call whose result says nothing.
func callOnce[P any](ctx context.Context, g *globals, method wire.Call[P, wire.None], params P) error {
	ctx, cancel := g.limit(ctx)
	defer cancel()
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = server.Ask(ctx, s.Client, method, params)
	return err
}

// withTarget connects and calls do with the context and namespace that the flags choose.
func withTarget(ctx context.Context, g *globals, do func(context.Context, *session, target) error) error {
	ctx, cancel := g.limit(ctx)
	defer cancel()
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	t, err := g.target(ctx, s)
	if err != nil {
		return err
	}
	return do(ctx, s, t)
}
