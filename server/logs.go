package server

import (
	"context"
	"sync"

	"go.lsp.dev/jsonrpc2"

	"pilothouse/server/logging"
	"pilothouse/server/wire"
)

// Following and unfollowing stay on the read loop: the last of them has to win.

func (c call) logFollow(_ context.Context, p wire.LogFollowParams) (wire.None, error) {
	level, ok := logging.ParseLevel(p.Level)
	if !ok {
		return wire.None{}, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "there is no level %q", p.Level)
	}
	c.follow.start(c.session, c.daemon.options.Book.Follow(level))
	return wire.None{}, nil
}

func (c call) logUnfollow(context.Context, wire.None) (wire.None, error) {
	c.follow.stop()
	return wire.None{}, nil
}

// logFollowing sends the log to a session that asked for it. Its goroutine ends
// with stop or the session.
type logFollowing struct {
	mu  sync.Mutex
	end func() // ends the goroutine and waits for it; nil when there is none
}

// start follows with f in place of the follower before it, and closes it at the end.
func (l *logFollowing) start(s *session, f *logging.Follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked()
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	l.end = func() {
		cancel()
		<-ended
	}
	s.spawn("log/message", func() {
		defer close(ended)
		defer f.Close()
		for {
			record, err := f.Next(ctx)
			if err != nil || notify(ctx, s, wire.LogMessage, record) != nil {
				return // unfollowed, or the session ends
			}
		}
	})
}

func (l *logFollowing) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked()
}

func (l *logFollowing) endLocked() {
	if l.end != nil {
		l.end()
		l.end = nil
	}
}
