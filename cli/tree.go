package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/cli/outline"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

func newTree(g *globals) *cobra.Command {
	o := treeOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "tree [CONTEXT[/NAMESPACE[/KIND]]]",
		Short: "Show the live tree of clusters as text",
		Long: "Show the live tree of clusters as text: contexts, namespaces, kinds, objects, what\n" +
			"they own, containers. Without an argument it shows the working namespace of the\n" +
			"current context; / shows all contexts.",
		Example: "  pilothouse tree\n" +
			"  pilothouse tree --watch -n shop --depth 5\n" +
			"  pilothouse tree kind-dev/shop/deployments --depth 3\n" +
			"  pilothouse tree /",
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	flags := cmd.Flags()
	addOutputFlag(cmd, &o.output, "wide", "json")
	flags.IntVar(&o.depth, "depth", 0, "how many levels to show (default: contexts and kinds 1, a context 2, a namespace 3)")
	flags.IntVar(&o.maxRows, "limit", 50, "how many rows to show of each level; -1 shows all")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on showing what changes, until Ctrl-C")
	flags.BoolVarP(&o.all, "all", "a", false, "also show kinds of which there is no object")
	flags.StringVar(&o.node, "node", "", "start from the row with this id, as -o json prints it")
	cmd.ValidArgsFunction = g.completeOnce(completeTree)
	return cmd
}

type treeOptions struct {
	*globals

	output  string
	depth   int
	maxRows int
	watch   bool
	all     bool
	node    string
}

// start is the node that the tree is shown from.
type start struct {
	id    string
	title string
	// depth is how many levels are shown when nobody asks for a number.
	depth int
}

func (o treeOptions) run(ctx context.Context, args []string) error {
	if o.output == "json" && o.watch {
		return errWatchJSON()
	}
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	e, err := o.expand(ctx, s, args)
	switch {
	case err != nil:
		return err
	case o.output == "json":
		return printJSON(o.streams.Out, e.outline())
	case !o.watch:
		o.print(e)
		return nil
	}
	if terminal, ok := asTerminal(o.streams.Out); ok {
		return o.redraw(ctx, e, terminal)
	}
	o.print(e)
	return o.log(ctx, e)
}

// expand expands the tree as far as it is shown and waits until it is known, as
// long as the request timeout allows. A watch waits for what cannot be shown yet.
func (o treeOptions) expand(ctx context.Context, s *session, args []string) (*expander, error) {
	ctx, cancel := o.limit(ctx)
	defer cancel()
	from, err := o.start(ctx, s, args)
	if err != nil {
		return nil, err
	}
	if o.depth > 0 {
		from.depth = o.depth
	}
	e := newExpander(s, from, o.all, o.maxRows)
	if err := e.settle(ctx); err != nil {
		return nil, ended(ctx, err)
	}
	if state, detail := e.views[from.id].State(); state == tree.StateFailed && !o.watch {
		return nil, failed(from.title+" cannot be shown", detail)
	}
	return e, nil
}

// start finds the node that the arguments and flags name.
func (o treeOptions) start(ctx context.Context, s *session, args []string) (start, error) {
	if o.node != "" {
		return start{id: o.node, title: o.node, depth: 1}, nil
	}
	if len(args) == 1 && args[0] == "/" {
		return start{title: "contexts", depth: 1}, nil
	}
	if len(args) == 0 {
		t, err := o.target(ctx, s)
		return namespaceStart(t.context.ID, t.namespace), err
	}
	return o.path(ctx, s, args[0])
}

func namespaceStart(contextID, namespace string) start {
	return start{id: tree.NamespaceID(contextID, namespace), title: contextID + " › " + namespace, depth: 3}
}

// path reads CONTEXT[/NAMESPACE[/KIND]]. A context's name may have slashes of its own.
func (o treeOptions) path(ctx context.Context, s *session, path string) (start, error) {
	contexts, err := contextIDs(ctx, s)
	if err != nil {
		return start{}, err
	}
	contextID, rest, ok := cutContext(contexts, path)
	if !ok {
		return start{}, &problem.Error{
			Code: problem.ContextUnknown, Message: fmt.Sprintf("%q begins with no context", path),
			Suggestions: []string{"pilothouse contexts", "pilothouse tree CONTEXT/NAMESPACE"},
		}
	}
	namespace, kind, hasKind := strings.Cut(rest, "/")
	switch {
	case namespace == "" && !hasKind:
		return start{id: tree.ContextID(contextID), title: contextID, depth: 2}, nil
	case !hasKind || kind == "":
		return namespaceStart(contextID, namespace), nil
	}
	found, err := findKinds(ctx, s, contextID, []string{kind})
	if err != nil {
		return start{}, err
	}
	if !found[0].Namespaced {
		return start{id: tree.KindID(contextID, "", found[0].ID()), title: contextID + " › " + found[0].Kind, depth: 1}, nil
	}
	title := strings.Join([]string{contextID, namespace, found[0].Kind}, " › ")
	return start{id: tree.KindID(contextID, namespace, found[0].ID()), title: title, depth: 1}, nil
}

// cutContext finds the longest of contexts that path begins with, followed by a
// slash or nothing.
func cutContext(contexts []string, path string) (contextID, rest string, ok bool) {
	for _, id := range contexts {
		if after, found := strings.CutPrefix(path+"/", id+"/"); found && len(id) >= len(contextID) {
			contextID, rest, ok = id, strings.TrimSuffix(after, "/"), true
		}
	}
	return contextID, rest, ok
}

// options are how the tree is drawn on something that is, or is not, a terminal.
func (o treeOptions) options(color bool, width int) outline.Options {
	return outline.Options{Color: color, Wide: o.output == "wide", Width: width, Now: time.Now()}
}

// print prints the whole tree once.
func (o treeOptions) print(e *expander) {
	_, color := asTerminal(o.streams.Out)
	for _, line := range outline.Lines(e.outline(), o.options(color && wantsColor(), 0)) {
		fmt.Fprintln(o.streams.Out, line)
	}
}
