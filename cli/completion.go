package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/explorer/tree"
)

// completionLimit is how long the shell may wait for candidates. A cluster that
// does not answer in time has none.
const completionLimit = 2 * time.Second

// candidates finds what could stand where the cursor is, after args.
type candidates func(ctx context.Context, g *globals, s *session, args []string, word string) ([]string, error)

// completeOnce connects for one completion. A failure is silent: a shell has no
// place to show it.
func (g *globals) completeOnce(find candidates) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionLimit)
		defer cancel()
		s, err := g.open(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer s.Close()
		found, err := find(ctx, g, s, args, word)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found = slices.DeleteFunc(found, func(candidate string) bool { return !strings.HasPrefix(candidate, word) })
		slices.Sort(found)
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeGlobals completes the values of the flags that every command has.
func completeGlobals(root *cobra.Command, g *globals) {
	mustComplete(root, "context", g.completeOnce(completeContexts))
	mustComplete(root, "namespace", g.completeOnce(completeNamespaces))
	mustComplete(root, "request-timeout", cobra.NoFileCompletions)
	mustComplete(root, "v", cobra.NoFileCompletions)
}

// mustComplete sets how a flag's value is completed. That the flag exists is a
// matter of the lines above the call.
func mustComplete(cmd *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err)
	}
}

func completeContexts(ctx context.Context, _ *globals, s *session, _ []string, _ string) ([]string, error) {
	return contextIDs(ctx, s)
}

func completeNamespaces(ctx context.Context, g *globals, s *session, _ []string, _ string) ([]string, error) {
	t, err := g.target(ctx, s)
	if err != nil {
		return nil, err
	}
	return names(ctx, s, tree.KindID(t.context.ID, "", "namespaces"))
}

// names are the names of the rows below a node, as far as they come at once.
func names(ctx context.Context, s *session, node string) ([]string, error) {
	v, err := s.views.Open(ctx, tree.Query{Node: node})
	if err != nil {
		return nil, err
	}
	for state, _ := v.State(); state == tree.StateLoading; state, _ = v.State() {
		if err := s.views.Wait(ctx); err != nil {
			break // what has come is better than nothing
		}
	}
	var names []string
	for _, row := range v.Page().Rows {
		if row.Type != tree.NodeMessage {
			names = append(names, row.Name)
		}
	}
	return names, nil
}

// completeGet completes a kind, the kind after a comma, and then names.
func completeGet(ctx context.Context, g *globals, s *session, args []string, word string) ([]string, error) {
	t, err := g.target(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		before := word[:strings.LastIndex(word, ",")+1]
		kinds, err := kindNames(ctx, s, t.context.ID)
		for i := range kinds {
			kinds[i] = before + kinds[i]
		}
		return kinds, err
	}
	kinds, err := findKinds(ctx, s, t.context.ID, args[:1])
	if err != nil {
		return nil, err
	}
	namespace := t.namespace
	if !kinds[0].Namespaced {
		namespace = ""
	}
	return names(ctx, s, tree.KindID(t.context.ID, namespace, kinds[0].ID()))
}

// kindNames are the names that people use for kinds: the plural, with the group
// where another group has the same plural.
func kindNames(ctx context.Context, s *session, contextID string) ([]string, error) {
	kinds, err := findKinds(ctx, s, contextID, nil)
	seen := make(map[string]bool)
	var names []string
	for _, kind := range kinds {
		name := kind.Resource
		if seen[name] {
			name = kind.ID()
		}
		seen[kind.Resource] = true
		if kind.Can("list") {
			names = append(names, name)
		}
	}
	return names, err
}

// completeTree completes CONTEXT/NAMESPACE/KIND part by part.
func completeTree(ctx context.Context, _ *globals, s *session, args []string, word string) ([]string, error) {
	if len(args) > 0 {
		return nil, nil
	}
	contexts, err := contextIDs(ctx, s)
	if err != nil {
		return nil, err
	}
	contextID, rest, ok := cutContext(contexts, word)
	if !ok || contextID == word {
		return contexts, nil
	}
	namespace, _, hasKind := strings.Cut(rest, "/")
	if !hasKind {
		found, err := names(ctx, s, tree.KindID(contextID, "", "namespaces"))
		return prefixed(contextID+"/", found), err
	}
	found, err := kindNames(ctx, s, contextID)
	return prefixed(contextID+"/"+namespace+"/", found), err
}

func prefixed(prefix string, names []string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}
