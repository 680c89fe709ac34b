package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"pilothouse/server/wire"
)

// Book is a slog.Handler that writes to a log file and to followers.
type Book struct {
	level slog.LevelVar // of the file

	mu        sync.RWMutex
	followers map[*Follower]struct{}
}

// NewBook writes records from level up to w as text.
func NewBook(w io.Writer, level slog.Level) (*Book, *slog.Logger) {
	b := &Book{followers: map[*Follower]struct{}{}}
	b.level.Set(level)
	text := slog.NewTextHandler(w, &slog.HandlerOptions{Level: &b.level})
	return b, slog.New(&handler{book: b, file: text})
}

// SetLevel sets from which level up the file takes records.
func (b *Book) SetLevel(level slog.Level) { b.level.Set(level) }

// Follow hands records from level up to a new follower, which must be closed.
func (b *Book) Follow(level slog.Level) *Follower {
	f := &Follower{book: b, level: level, wake: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.followers[f] = struct{}{}
	return f
}

func (b *Book) forget(f *Follower) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.followers, f)
}

func (b *Book) followed(level slog.Level) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for f := range b.followers {
		if level >= f.level {
			return true
		}
	}
	return false
}

func (b *Book) tell(level slog.Level, record wire.LogRecord) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for f := range b.followers {
		if level >= f.level {
			f.take(record)
		}
	}
}

// handler is the book as one logger sees it: with the attributes and the group
// that the logger was made with.
type handler struct {
	book  *Book
	file  slog.Handler
	group string // with its final dot; "" outside every group
	attrs []attribute
}

type attribute struct{ name, value string }

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.file.Enabled(ctx, level) || h.book.followed(level)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.book.followed(r.Level) {
		h.book.tell(r.Level, h.record(r))
	}
	if h.file.Enabled(ctx, r.Level) {
		return h.file.Handle(ctx, r)
	}
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.file = h.file.WithAttrs(attrs)
	with.attrs = flatten(slices.Clip(h.attrs), h.group, attrs)
	return &with
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.file = h.file.WithGroup(name)
	with.group = h.group + name + "."
	return &with
}

func (h *handler) record(r slog.Record) wire.LogRecord {
	attrs := slices.Clip(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = flatten(attrs, h.group, []slog.Attr{a})
		return true
	})
	record := wire.LogRecord{Time: r.Time.UnixMilli(), Level: LevelName(r.Level), Message: r.Message}
	if len(attrs) > 0 {
		record.Attributes = make(map[string]string, len(attrs))
	}
	for _, a := range attrs {
		record.Attributes[a.name] = a.value
	}
	return record
}

// flatten appends attrs to flat, those of groups under the group's name.
func flatten(flat []attribute, group string, attrs []slog.Attr) []attribute {
	for _, a := range attrs {
		value := a.Value.Resolve()
		switch {
		case value.Kind() == slog.KindGroup && a.Key == "":
			flat = flatten(flat, group, value.Group())
		case value.Kind() == slog.KindGroup:
			flat = flatten(flat, group+a.Key+".", value.Group())
		case a.Key != "":
			flat = append(flat, attribute{group + a.Key, value.String()})
		}
	}
	return flat
}

// LevelName is how the contract names a level: the standard one at or below it.
func LevelName(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "error"
	case level >= slog.LevelWarn:
		return "warn"
	case level >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}

// ParseLevel reads a level as the contract names it; "" is info.
func ParseLevel(name string) (level slog.Level, ok bool) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(name, LevelName(level)) {
			return level, true
		}
	}
	return slog.LevelInfo, name == ""
}
