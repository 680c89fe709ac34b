package cluster

import (
	"context"
	"net"
	"sync"
)

// wire holds the connections made for one configuration of a cluster, so that
// all of them can be cut when the configuration is no longer true.
type wire struct {
	ctx    context.Context // ends with the wire; its cause is why
	cancel context.CancelCauseFunc
	dialer net.Dialer

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once cut
}

func newWire(ctx context.Context, t timing) *wire {
	ctx, cancel := context.WithCancelCause(ctx)
	return &wire{
		ctx:    ctx,
		cancel: cancel,
		dialer: net.Dialer{
			Timeout: t.dial,
			// HTTP/2 pings find a dead connection; this finds one of HTTP/1.1,
			// which a proxy or kubectl proxy may speak.
			KeepAliveConfig: net.KeepAliveConfig{
				Enable: true, Idle: t.idlePing, Interval: t.pingAnswer, Count: 2,
			},
		},
		conns: map[net.Conn]struct{}{},
	}
}

// dial connects as net.Dialer does, until the wire is cut.
func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	conn, err := w.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		conn.Close()
		return nil, context.Cause(w.ctx)
	}
	tracked := &wireConn{Conn: conn, wire: w}
	w.conns[tracked] = struct{}{}
	return tracked, nil
}

// cut closes every connection; requests under way fail because of cause.
func (w *wire) cut(cause error) {
	w.cancel(cause)
	w.mu.Lock()
	conns := w.conns
	w.conns = nil
	w.mu.Unlock()
	for conn := range conns {
		conn.Close()
	}
}

// wireConn is a connection that its wire forgets when it is closed.
type wireConn struct {
	net.Conn
	wire *wire
}

func (c *wireConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}
