package server

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener hands out the ends of pipes, so that a daemon can listen within a bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// dial connects a Client, or answers net.ErrClosed.
func (l *pipeListener) dial(t *testing.T) (*Client, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c := newClient(t.Context(), ours, func() {})
	if err := c.initialize(t.Context(), "test", "v0.0.0-test", nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// serving runs a daemon at a pipeListener; done gives what Serve answered.
func serving(t *testing.T, o DaemonOptions) (*pipeListener, chan error) {
	clusters, explorer := newFakeClusters(), newFakeExplorer()
	d, _ := newTestDaemon(Engine{Clusters: clusters, Explorer: explorer}, o)
	listener, done := newPipeListener(), make(chan error, 1)
	go func() { done <- d.Serve(t.Context(), listener) }()
	return listener, done
}

func TestDaemonEndsWhenNobodyHasUsedIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		begin := time.Now()
		listener, done := serving(t, DaemonOptions{Idle: 15 * time.Minute})
		time.Sleep(14 * time.Minute) // the bubble's clock, here and below
		client, err := listener.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("the daemon ended while a session was open")
		default:
		}
		client.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if lived := time.Since(begin); lived != 24*time.Hour+29*time.Minute {
			t.Errorf("the daemon ended after %v", lived)
		}
	})
}

func TestDaemonEndsForAClientThatAsks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		listener, done := serving(t, DaemonOptions{})
		first, err := listener.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		second, err := listener.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		if stopping := shutdown(t, first, true); stopping {
			t.Error("ifIdle ended a daemon that another session uses")
		}
		if stopping := shutdown(t, first, false); !stopping {
			t.Error("the daemon did not end when it was asked to")
		}
		<-first.Done()
		<-second.Done()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := listener.dial(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after its end the daemon answered %v", err)
		}
		first.Close()
		second.Close()
	})
}

func TestDaemonThatIsEndingTakesNoSession(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d, _ := newTestDaemon(Engine{Clusters: newFakeClusters(), Explorer: newFakeExplorer()}, DaemonOptions{})
		d.begin(func() {})
		if !d.refuseNew(true) {
			t.Fatal("a daemon without sessions is idle")
		}
		ours, theirs := net.Pipe()
		d.ServeConn(context.Background(), theirs) // returns at once
		c := newClient(t.Context(), ours, func() {})
		if err := c.initialize(t.Context(), "test", "", nil); err == nil || !strings.Contains(err.Error(), "ended") {
			t.Errorf("initialize answered %v", err)
		}
		c.Close()
	})
}
