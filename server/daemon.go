package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"pilothouse/server/framing"
	"pilothouse/server/logging"
	"pilothouse/server/socket"
	"pilothouse/server/wire"
)

// acceptPause is how long Serve waits after a connection that it could not accept.
const acceptPause = time.Second

// DaemonOptions say how a Daemon runs.
type DaemonOptions struct {
	// Version is the build that the daemon says it is; "" means Version().
	Version string
	// Idle is how long Serve goes on without a session; 0 means for ever.
	Idle time.Duration
	// Socket and LogFile are told to clients, nothing more.
	Socket, LogFile string
	// Log takes what no client can be told; its book is followed on request and
	// takes the level that clients set.
	Log  *slog.Logger
	Book *logging.Book
	// Limits bound messages and patience; the zero Limits mean DefaultLimits.
	Limits framing.Limits
}

// Daemon serves sessions over one engine. Its goroutines are one for each
// session, which ends with it, and those of Serve, which end when it returns.
type Daemon struct {
	options DaemonOptions
	engine  Engine
	log     *slog.Logger
	methods *table
	started time.Time

	mu       sync.Mutex
	sessions []*session // oldest first
	counted  int        // sessions so far, to tell them apart in the log
	stop     func()     // ends Serve; nil while it does not run
	stopping bool
	idle     *time.Timer // runs while Serve has no session
}

// NewDaemon makes a daemon over an engine, which stays the caller's to close,
// after the daemon's last session.
func NewDaemon(engine Engine, o DaemonOptions) *Daemon {
	if o.Version == "" {
		o.Version = Version()
	}
	if o.Limits == (framing.Limits{}) {
		o.Limits = framing.DefaultLimits()
	}
	return &Daemon{options: o, engine: engine, log: o.Log, methods: newTable(), started: time.Now()}
}

// Serve accepts connections until ctx ends, a client asks the daemon to shut
// down, or nobody has used it for the idle time. It closes the listener, ends the
// sessions and returns when the last of them has gone. Only a listener that
// somebody else closes is an error.
func (d *Daemon) Serve(ctx context.Context, listener net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d.begin(stop)
	closed := context.AfterFunc(ctx, func() { listener.Close() })
	defer closed()

	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer stop()
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			sessions.Go(func() { d.ServeConn(ctx, conn) })
		case errors.Is(err, socket.ErrForeign):
			d.log.Warn("connection refused", "cause", err)
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting connections: %w", err)
		default:
			// Too many open files, for example: that passes.
			d.log.Error("connection not accepted", "cause", err)
			pause(ctx, acceptPause)
		}
	}
}

// ServeConn serves one client until its session ends, and closes conn.
func (d *Daemon) ServeConn(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	s := d.enter()
	if s == nil {
		return // the daemon is going: the client finds the next one
	}
	defer d.leave(s)
	s.serve(ctx, conn)
}

func (d *Daemon) begin(stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stop = stop
	if d.options.Idle > 0 {
		d.idle = time.AfterFunc(d.options.Idle, d.stopIfIdle)
	}
}

func (d *Daemon) enter() *session {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil
	}
	if d.idle != nil {
		d.idle.Stop()
	}
	d.counted++
	s := newSession(d, d.log.With("session", d.counted))
	d.sessions = append(d.sessions, s)
	return s
}

func (d *Daemon) leave(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions = slices.DeleteFunc(d.sessions, func(one *session) bool { return one == s })
	if len(d.sessions) == 0 && d.idle != nil {
		d.idle.Reset(d.options.Idle)
	}
}

func (d *Daemon) stopIfIdle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sessions) > 0 || d.stopping {
		return
	}
	d.log.Info("nobody uses the daemon: it ends", "after", d.options.Idle)
	d.stopping = true
	d.stop()
}

// refuseNew lets no more sessions in, so that the daemon can end; with onlyIfIdle
// not where more than the asking session are there.
func (d *Daemon) refuseNew(onlyIfIdle bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if onlyIfIdle && len(d.sessions) > 1 || d.stop == nil {
		return false
	}
	d.stopping = true
	return true
}

// sessionInfos tells of the sessions, oldest first.
func (d *Daemon) sessionInfos() []wire.SessionInfo {
	d.mu.Lock()
	sessions := slices.Clone(d.sessions)
	d.mu.Unlock()
	infos := make([]wire.SessionInfo, len(sessions))
	for i, s := range sessions {
		infos[i] = wire.SessionInfo{Client: s.clientName(), Since: s.since.Unix(), Views: s.views.count()}
	}
	return infos
}
