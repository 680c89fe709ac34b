package cluster

import (
	"context"
	"sync"
	"time"
)

// workers owns the goroutines of a Contexts and of its Clusters: they end with
// its context, and close waits for them.
type workers struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

func newWorkers(ctx context.Context) *workers {
	ctx, cancel := context.WithCancel(ctx)
	return &workers{ctx: ctx, cancel: cancel}
}

// run starts f unless the workers are closed; f returns when its context ends.
func (w *workers) run(f func(context.Context)) (started bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.group.Go(func() { f(w.ctx) })
	return true
}

func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	w.group.Wait()
}

// flight is one piece of work that many may wait for. It belongs to the workers,
// so it goes on when one of those who wait gives up.
type flight[T any] struct {
	done  chan struct{} // closed when the fields below are set
	at    time.Time     // when it landed
	value T
	err   error
}

// launch starts work. After close of the workers it answers context.Canceled.
func launch[T any](w *workers, work func(context.Context) (T, error)) *flight[T] {
	f := &flight[T]{done: make(chan struct{})}
	land := func(value T, err error) {
		f.at, f.value, f.err = time.Now(), value, err
		close(f.done)
	}
	if !w.run(func(ctx context.Context) { land(work(ctx)) }) {
		var none T
		land(none, context.Canceled)
	}
	return f
}

// wait gives the result, or the error of ctx when that ends before.
func (f *flight[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// landed tells whether the result is there.
func (f *flight[T]) landed() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
