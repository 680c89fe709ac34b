package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pilothouse/cli/view"
	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

func newGet(g *globals) *cobra.Command {
	o := getOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "get KIND[,KIND...] [NAME...] | KIND/NAME...",
		Short: "Print objects as kubectl get prints them",
		Long: "Print objects as kubectl get prints them, with the columns that the API server\n" +
			"defines for their kind. KIND is what kubectl takes: pods, po, Deployment,\n" +
			"deployments.apps, or a category such as all.",
		Example: "  pilothouse get pods\n" +
			"  pilothouse get deployments,services -A\n" +
			"  pilothouse get pod web-5d8f9c -o wide --watch\n" +
			"  pilothouse get pods --sort-by restarts -l app=web",
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	flags := cmd.Flags()
	addOutputFlag(cmd, &o.output, "wide", "json", "name")
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "print objects of all namespaces")
	flags.StringVarP(&o.labels, "selector", "l", "", "only objects with these labels, for example app=web,tier!=cache")
	flags.StringVar(&o.fields, "field-selector", "", "only objects with these fields, for example status.phase=Running")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on printing what changes, until Ctrl-C")
	flags.StringVar(&o.sortBy, "sort-by", "", "sort by this column, for example restarts or age")
	flags.BoolVar(&o.noHeaders, "no-headers", false, "print no headings")
	cmd.ValidArgsFunction = g.completeOnce(completeGet)
	return cmd
}

type getOptions struct {
	*globals

	output         string
	allNamespaces  bool
	labels, fields string
	watch          bool
	sortBy         string
	noHeaders      bool
}

// listing is the objects of one kind that are printed together.
type listing struct {
	kind cluster.Kind
	// name is the one object asked for; "" asks for all.
	name string
	view *view.View
}

func (o getOptions) run(ctx context.Context, args []string) error {
	if o.output == "json" && o.watch {
		return errWatchJSON()
	}
	requests, err := parseGet(args)
	if err != nil {
		return err
	}
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()

	// A watch ends with Ctrl-C alone; only what comes before it has a time limit.
	limited, cancel := o.limit(ctx)
	defer cancel()
	t, err := o.target(limited, s)
	if err != nil {
		return err
	}
	listings, err := o.list(limited, s, t, requests)
	if err != nil {
		return err
	}
	p := newRowPrinter(o, listings)
	if err := p.printAll(listings, t); err != nil || !o.watch {
		return err
	}
	return o.follow(ctx, s, p, listings[0])
}

// request is a kind, as a person calls it, and the name of one object of it; ""
// asks for all.
type request struct{ kind, name string }

// parseGet takes the arguments apart: KIND[,KIND...] [NAME...], or KIND/NAME...
func parseGet(args []string) ([]request, error) {
	var requests []request
	if !strings.Contains(args[0], "/") {
		names := args[1:]
		if len(names) == 0 {
			names = []string{""}
		}
		for kind := range strings.SplitSeq(args[0], ",") {
			for _, name := range names {
				requests = append(requests, request{kind, name})
			}
		}
		return requests, nil
	}
	for _, arg := range args {
		kind, name, ok := strings.Cut(arg, "/")
		if !ok || kind == "" || name == "" {
			return nil, &problem.Error{
				Code:        problem.InvalidQuery,
				Message:     fmt.Sprintf("%q is not KIND/NAME, as %q is", arg, args[0]),
				Suggestions: []string{"pilothouse get KIND NAME NAME", "pilothouse get KIND/NAME KIND/NAME"},
			}
		}
		requests = append(requests, request{kind, name})
	}
	return requests, nil
}

// list opens a view for every request and waits until all of them are known.
func (o getOptions) list(ctx context.Context, s *session, t target, requests []request) ([]listing, error) {
	var listings []listing
	for _, r := range requests {
		kinds, err := findKinds(ctx, s, t.context.ID, []string{r.kind})
		if err != nil {
			return nil, err
		}
		for _, kind := range kinds {
			v, err := s.views.Open(ctx, o.query(t, kind, r.name))
			if err != nil {
				return nil, err
			}
			listings = append(listings, listing{kind, r.name, v})
		}
	}
	if o.watch && len(listings) > 1 {
		return nil, &problem.Error{Code: problem.InvalidQuery, Message: "--watch takes one kind, with one name or none"}
	}
	return listings, settle(ctx, s, listings)
}

func (o getOptions) query(t target, kind cluster.Kind, name string) tree.Query {
	namespace := t.namespace
	if o.allNamespaces || !kind.Namespaced {
		namespace = ""
	}
	fields := o.fields
	if name != "" {
		fields = strings.TrimSuffix("metadata.name="+name+","+fields, ",")
	}
	return tree.Query{
		Node:   tree.KindID(t.context.ID, namespace, kind.ID()),
		Limit:  -1,
		Filter: tree.Filter{Labels: o.labels, Fields: fields},
		Sort:   sortOrder(o.sortBy),
	}
}

// sortOrder reads --sort-by: the name of a column, or one of the two paths that
// people give to kubectl.
func sortOrder(by string) tree.Sort {
	switch strings.Trim(by, "{}.") {
	case "metadata.name":
		return tree.Sort{Column: "Name"}
	case "metadata.creationTimestamp":
		return tree.Sort{Column: "Age", Descending: true}
	}
	return tree.Sort{Column: by}
}

// settle waits until every listing is complete, or one fails.
func settle(ctx context.Context, s *session, listings []listing) error {
	for {
		complete := true
		for _, l := range listings {
			switch state, detail := l.view.State(); state {
			case tree.StateLive:
			case tree.StateFailed:
				return failed(l.kind.ID()+" cannot be listed", detail)
			default:
				complete = false
			}
		}
		if complete {
			return nil
		}
		if err := s.views.Wait(ctx); err != nil {
			return ended(ctx, err)
		}
	}
}

// follow prints rows as they change until ctx ends.
func (o getOptions) follow(ctx context.Context, s *session, p *rowPrinter, l listing) error {
	for {
		if err := s.views.Wait(ctx); err != nil {
			return err
		}
		var rows []tree.Row
		for _, change := range l.view.Changes() {
			rows = append(rows, change.Row)
		}
		if err := p.print(l.kind, l.view.Columns(), rows); err != nil {
			return err
		}
	}
}

// missing tells which of the objects asked for by name are not there.
func missing(listings []listing, t target) error {
	var absent []string
	for _, l := range listings {
		if l.name != "" && len(l.view.Page().Rows) == 0 {
			absent = append(absent, fmt.Sprintf("%s %q", l.kind.ID(), l.name))
		}
	}
	if len(absent) == 0 {
		return nil
	}
	return &problem.Error{
		Code:    problem.NotFound,
		Message: fmt.Sprintf("%s not found in namespace %s of %s", strings.Join(absent, ", "), t.namespace, t.context.ID),
	}
}
