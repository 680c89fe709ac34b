package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/cli/view"
	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/server"
	"pilothouse/server/wire"
)

// globals are the flags of every command and what commands share.
type globals struct {
	streams Streams
	// connect opens the connection that a command calls over.
	connect func(ctx context.Context, g *globals) (*server.Client, error)

	context        string
	namespace      string
	kubeconfig     string
	requestTimeout timeout
	verbosity      int
	standalone     bool
}

func (g *globals) addFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&g.context, "context", "", "the kubeconfig context to use (default: the current one)")
	flags.StringVarP(&g.namespace, "namespace", "n", "", "the namespace to use (default: the context's working namespace)")
	flags.StringVar(&g.kubeconfig, "kubeconfig", "", "use this kubeconfig file alone, without the daemon")
	flags.Var(&g.requestTimeout, "request-timeout", "give up after this time, for example 10s or 1m; 0 never does")
	flags.BoolVar(&g.standalone, "standalone", false, "work in this process, without the daemon")
	flags.IntVarP(&g.verbosity, "v", "v", 0, "also print the engine's log: 1 what matters, 4 everything")
}

// timeout is a duration as kubectl's --request-timeout takes it: a number alone
// counts seconds.
type timeout time.Duration

func (t *timeout) String() string { return time.Duration(*t).String() }

func (t *timeout) Type() string { return "duration" }

func (t *timeout) Set(text string) error {
	if seconds, err := strconv.Atoi(text); err == nil {
		*t = timeout(time.Duration(seconds) * time.Second)
	} else if d, err := time.ParseDuration(text); err == nil {
		*t = timeout(d)
	} else {
		return fmt.Errorf("%q is no time: write 30, 10s or 1m", text)
	}
	if *t < 0 {
		return fmt.Errorf("a time cannot be negative")
	}
	return nil
}

// limit gives ctx the request timeout. The error that ends such a context says
// what to do about it.
func (g *globals) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if g.requestTimeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(g.requestTimeout), &problem.Error{
		Code:        problem.Unreachable,
		Message:     fmt.Sprintf("no complete answer within %s", &g.requestTimeout),
		Suggestions: []string{"a longer --request-timeout", "pilothouse doctor"},
	})
}

// session is one command's session with the engine and the views it opened.
type session struct {
	*server.Client

	views *view.Set
}

// open connects. The caller closes the session.
func (g *globals) open(ctx context.Context) (*session, error) {
	client, err := g.connect(ctx, g)
	if err != nil {
		return nil, err
	}
	return &session{Client: client, views: view.NewSet(client)}, nil
}

// target is the context and the namespace that a command works in.
type target struct {
	context   cluster.Context
	namespace string
}

// target chooses by the flags, else takes the current context of this shell and
// its working namespace.
func (g *globals) target(ctx context.Context, s *session) (target, error) {
	list, err := server.Ask(ctx, s.Client, wire.ClustersList, wire.None{})
	if err != nil {
		return target{}, err
	}
	chosen, err := readKubeconfig(g.kubeconfig).choose(list, g.context)
	if err != nil {
		return target{}, err
	}
	namespace := chosen.Namespace
	if g.namespace != "" {
		namespace = g.namespace
	}
	return target{chosen, namespace}, nil
}
