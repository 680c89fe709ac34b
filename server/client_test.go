package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
	"pilothouse/server/wire"
)

func shutdown(t *testing.T, c *Client, ifIdle bool) bool {
	t.Helper()
	answer, err := Ask(t.Context(), c, wire.DaemonShutdown, wire.ShutdownParams{IfIdle: ifIdle})
	if err != nil {
		t.Error(err)
	}
	return answer.Stopping
}

// withClient runs f with a client of a daemon over fakes.
func withClient(t *testing.T, f func(t *testing.T, c *Client, s *stage)) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		listener := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.daemon.Serve(ctx, listener) }()
		c, err := listener.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		f(t, c, s)
		c.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestClientGivesBackTheProblem(t *testing.T) {
	withClient(t, func(t *testing.T, c *Client, s *stage) {
		_, err := Ask(t.Context(), c, wire.ClustersSetNamespace, wire.SetNamespaceParams{Context: "gone", Namespace: "x"})
		var got *problem.Error
		if !errors.As(err, &got) {
			t.Fatalf("the error is %v, no problem", err)
		}
		want := problem.Of(s.clusters.unknown("gone"))
		if got.Code != want.Code || got.Error() != want.Error() || got.Tried != want.Tried ||
			!slices.Equal(got.Suggestions, want.Suggestions) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestClientGivesOtherErrorsAsInternalProblems(t *testing.T) {
	withClient(t, func(t *testing.T, c *Client, _ *stage) {
		err := c.Call(t.Context(), "no/such/method", nil, nil)
		if p := problem.Of(err); p.Code != problem.Internal || p.Message != `there is no method "no/such/method"` {
			t.Errorf("got %+v", p)
		}
	})
}

func TestClientCancelsACallWhenItsContextEnds(t *testing.T) {
	withClient(t, func(t *testing.T, c *Client, s *stage) {
		ctx, cancel := context.WithCancel(t.Context())
		answered := make(chan error, 1)
		go func() { answered <- c.Call(ctx, "test/block", wire.None{}, nil) }()
		synctest.Wait()
		cancel()
		if err := <-answered; !errors.Is(err, context.Canceled) {
			t.Errorf("the call answered %v", err)
		}
		synctest.Wait()
		s.daemon.mu.Lock()
		session := s.daemon.sessions[0]
		s.daemon.mu.Unlock()
		session.calls.mu.Lock()
		defer session.calls.mu.Unlock()
		if n := len(session.calls.cancels); n != 0 {
			t.Errorf("the daemon still handles %d calls", n)
		}
	})
}

func TestClientTellsThatTheConnectionEnded(t *testing.T) {
	withClient(t, func(t *testing.T, c *Client, _ *stage) {
		answered := make(chan error, 1)
		go func() { answered <- c.Call(t.Context(), "test/block", wire.None{}, nil) }()
		synctest.Wait()
		c.Close()
		for _, err := range []error{<-answered, c.Notify(t.Context(), "initialized", wire.None{})} {
			if p := problem.Of(err); p.Code != problem.Gone || len(p.Suggestions) == 0 {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestClientTakesNotificationsInOrder(t *testing.T) {
	withClient(t, func(t *testing.T, c *Client, s *stage) {
		var seqs []uint64
		var count atomic.Int64
		On(c, wire.ExplorerChanged, func(change tree.Change) {
			seqs = append(seqs, change.Seq)
			count.Add(1)
		})
		page, err := Ask(t.Context(), c, wire.ExplorerChildren, tree.Query{Node: "1"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			s.explorer.view(page.View).change(fmt.Sprint(i))
			synctest.Wait()
			pause(t.Context(), changePause) // the bubble's clock
		}
		synctest.Wait()
		if n := int(count.Load()); n != 50 {
			t.Fatalf("%d changes came, want 50", n)
		}
		for i, seq := range seqs {
			if want := page.Seq + uint64(i) + 1; seq != want {
				t.Fatalf("change %d has seq %d, want %d", i, seq, want)
			}
		}
	})
}
