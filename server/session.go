package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"pilothouse/server/framing"
	"pilothouse/server/wire"
)

// session is one connection over the shared engine, from its first message to its
// end, which comes with the connection's, with exit or with the daemon's.
//
// Its goroutines: the read loop, and one for each call that has released it, both
// of jsonrpc2; one for each open view, one for the settings, one for a followed
// log and one for changes of the clusters, made by spawn. All of them end with
// ctx, and serve returns when they have.
type session struct {
	daemon *Daemon
	log    *slog.Logger
	since  time.Time
	conn   jsonrpc2.Conn
	client protocol.Client // the other end, as the Language Server Protocol sees it

	ctx      context.Context // ends with the session
	end      context.CancelFunc
	spawned  sync.WaitGroup
	phase    phase // of the read loop alone
	calls    callsInFlight
	views    views
	settings settings
	clusters clustersWatch
	follow   logFollowing

	mu   sync.Mutex
	name string // of the client, since initialize; guarded by mu
}

// phase is where a session stands in the lifecycle of the Language Server Protocol.
type phase int

const (
	phaseNew     phase = iota // before initialize
	phaseRunning              // since initialize
	phaseEnded                // since shutdown
)

// call is one call of the client while it is handled.
type call struct {
	*session
	// answered is the request's own context. It ends when the answer has been
	// written or never will be. A call that has not been released must not keep it.
	answered context.Context
	// progress tells the client how far the call is, where it asked to be told.
	progress progress
	// command tells that a person ran the call as a command, in an editor that may
	// know nothing of its answer.
	command bool
}

// release lets the read loop go on: what the client sends next overlaps this call
// from here on. A handler releases its call once, after it took what it needs in
// order and before anything that may take long.
func (c call) release() { jsonrpc2.Async(c.answered) }

func newSession(d *Daemon, log *slog.Logger) *session {
	return &session{
		daemon:   d,
		log:      log,
		since:    time.Now(),
		calls:    newCallsInFlight(),
		views:    newViews(),
		settings: newSettings(),
	}
}

// serve speaks with the client at the other end of conn until the session ends,
// and returns when nothing of it is left.
func (s *session) serve(ctx context.Context, conn net.Conn) {
	s.ctx, s.end = context.WithCancel(ctx)
	defer s.end()
	// Whatever waits to be read or written waits no longer than the session lasts.
	stop := context.AfterFunc(s.ctx, func() { conn.Close() })
	defer stop()

	stream := endingStream{framing.NewStream(conn, s.daemon.options.Limits), s.end}
	s.conn = jsonrpc2.NewConn(stream, jsonrpc2.WithCodec(codec{}))
	s.client = protocol.ClientDispatcher(s.conn)
	s.conn.Go(s.ctx, s.handle)

	<-s.ctx.Done()
	_ = s.conn.Close() // after the last handler; the stream has told its error
	s.views.closeAll()
	s.clusters.stop()
	s.follow.stop()
	s.spawned.Wait()
	s.logEnd()
}

func (s *session) logEnd() {
	if err := s.conn.Err(); err != nil {
		s.log.Warn("session ended", "cause", err)
		return
	}
	s.log.Info("session ended")
}

// endingStream ends the session with the stream.
type endingStream struct {
	*framing.Stream
	end context.CancelFunc
}

func (s endingStream) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	message, n, err := s.Stream.Read(ctx)
	if err != nil {
		s.end()
	}
	return message, n, err
}

// handle is called by the read loop for every message that is no response. It
// never answers an error to a notification: jsonrpc2 would end the connection.
func (s *session) handle(ctx context.Context, req *jsonrpc2.Request) (any, error) {
	if req.IsCall() {
		return s.answer(ctx, req)
	}
	s.take(ctx, req)
	return nil, nil
}

func (s *session) answer(answered context.Context, req *jsonrpc2.Request) (result any, err error) {
	method, err := s.lookUp(req.Method())
	if err != nil {
		return nil, err
	}
	// Not a child of answered: a context of jsonrpc2's takes a goroutine to follow.
	ctx, done, err := s.calls.begin(s.ctx, req.ID())
	if err != nil {
		return nil, err
	}
	defer done()
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, s.panicked(method.name, r)
		}
	}()
	result, err = method.run(ctx, call{session: s, answered: answered}, req.Params())
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return nil, protocol.ErrRequestCancelled
	}
	s.log.Debug("call failed", "method", method.name, "cause", err)
	return nil, wireError(err)
}

// lookUp finds the method of a call and refuses what the lifecycle does not allow now.
func (s *session) lookUp(name string) (*callMethod, error) {
	initialize := name == protocol.MethodInitialize
	// By these two a client tells versions apart before it begins.
	early := name == string(wire.DaemonInfo) || name == string(wire.DaemonShutdown)
	switch {
	case s.phase == phaseNew && !initialize && !early:
		return nil, jsonrpc2.NewError(jsonrpc2.ServerNotInitialized, "initialize comes first")
	case s.phase == phaseRunning && initialize:
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the session is initialized already")
	case s.phase == phaseEnded:
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the session is shut down; only exit may follow")
	}
	return s.daemon.methods.call(name)
}

// take handles a notification. One that is not known is let pass, as the protocol asks.
func (s *session) take(ctx context.Context, req *jsonrpc2.Request) {
	method := s.daemon.methods.notifications[req.Method()]
	if method == nil || s.phase != phaseRunning && method.name != protocol.MethodExit {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			_ = s.panicked(method.name, r)
		}
	}()
	if err := method.run(ctx, s, req.Params()); err != nil {
		s.log.Warn("notification failed", "method", method.name, "cause", err)
	}
}

// panicked logs a panic with its stack and gives what the client is told of it.
func (s *session) panicked(where string, r any) error {
	s.log.Error("panic", "in", where, "panic", r, "stack", string(debug.Stack()))
	return jsonrpc2.Errorf(jsonrpc2.InternalError, "Pilothouse failed in %s; its log tells where", where)
}

// spawn runs f beside the read loop. It must end with s.ctx.
func (s *session) spawn(where string, f func()) {
	s.spawned.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				_ = s.panicked(where, r)
			}
		}()
		f()
	})
}

// notify sends a notification of the contract. It waits until it is written.
func notify[P any](ctx context.Context, s *session, name wire.Notification[P], params P) error {
	raw, err := encode(params)
	if err != nil {
		return err
	}
	return s.conn.Notify(ctx, string(name), raw)
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *session) clientName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name
}
