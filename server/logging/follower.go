package logging

import (
	"context"
	"log/slog"
	"sync"

	"pilothouse/server/wire"
)

// waiting is how many records a follower holds for its reader.
const waiting = 256

// Follower is one reader of the log. It has no goroutine: records wait in it,
// the newest of them, until Next asks for them.
type Follower struct {
	book  *Book
	level slog.Level
	wake  chan struct{} // holds one token while there may be records

	mu      sync.Mutex
	records []wire.LogRecord
	dropped int
}

// Next waits for the next record. It answers only ctx's error.
func (f *Follower) Next(ctx context.Context) (wire.LogRecord, error) {
	for {
		if record, ok := f.pop(); ok {
			return record, nil
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
			return wire.LogRecord{}, ctx.Err()
		}
	}
}

// Close ends the follower: no more records come to it.
func (f *Follower) Close() { f.book.forget(f) }

// take is called by whoever logs, so it never waits.
func (f *Follower) take(record wire.LogRecord) {
	f.mu.Lock()
	if len(f.records) == waiting {
		f.records = f.records[1:]
		f.dropped++
	}
	f.records = append(f.records, record)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *Follower) pop() (record wire.LogRecord, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.records) == 0 {
		return record, false
	}
	record, f.records = f.records[0], f.records[1:]
	record.Dropped, f.dropped = f.dropped, 0
	return record, true
}
