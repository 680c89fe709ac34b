package cluster

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fileWatcher tells that files may have changed. It watches folders, not files:
// editors and tools replace a file by renaming another over it, and a file may
// appear only later.
//
// Its one goroutine is run; it ends with the context given to run.
type fileWatcher struct {
	events *fsnotify.Watcher // nil where the system gives none
	timing timing
	log    *slog.Logger
}

func newFileWatcher(log *slog.Logger, t timing) *fileWatcher {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("kubeconfig files cannot be watched and are read again every few seconds", "error", err)
		return &fileWatcher{timing: t, log: log}
	}
	return &fileWatcher{events: events, timing: t, log: log}
}

// run calls changed after every burst of changes until ctx ends.
func (w *fileWatcher) run(ctx context.Context, changed func()) {
	var events chan fsnotify.Event
	var failures chan error
	var settled, poll <-chan time.Time
	if w.events != nil {
		defer w.events.Close()
		events, failures = w.events.Events, w.events.Errors
	} else {
		ticker := time.NewTicker(w.timing.filePoll)
		defer ticker.Stop()
		poll = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			// The time counts from the first event, so that a busy folder cannot put
			// off reading for ever.
			if settled == nil {
				settled = time.After(w.timing.fileSettle)
			}
		case err := <-failures:
			// The queue of events overflowed: anything may have changed.
			w.log.Warn("changes of kubeconfig files were lost and are looked for", "error", err)
			changed()
		case <-settled:
			settled = nil
			changed()
		case <-poll:
			changed()
		}
	}
}

// follow watches the folders of these files and no others. The caller reads the
// files after it, so that no change falls between. It must not be called twice
// at a time.
func (w *fileWatcher) follow(files []string) {
	if w.events == nil {
		return
	}
	wanted := map[string]bool{}
	for _, f := range files {
		w.watch(filepath.Dir(f), wanted)
		// Behind a symbolic link it is the target that gets rewritten.
		if target, err := filepath.EvalSymlinks(f); err == nil && target != f {
			w.watch(filepath.Dir(target), wanted)
		}
	}
	for _, folder := range w.events.WatchList() {
		if !wanted[folder] {
			_ = w.events.Remove(folder) // it may be gone by itself
		}
	}
}

// watch watches a folder, or the nearest one above it that exists.
func (w *fileWatcher) watch(folder string, wanted map[string]bool) {
	for !wanted[folder] {
		if slices.Contains(w.events.WatchList(), folder) {
			wanted[folder] = true
			return
		}
		err := w.events.Add(folder)
		if err == nil {
			wanted[folder] = true
			return
		}
		if !os.IsNotExist(err) {
			w.log.Warn("a folder with kubeconfig files cannot be watched", "folder", folder, "error", err)
			return
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return
		}
		w.watch(parent, wanted)
		if _, err := os.Stat(folder); err != nil {
			return
		}
		// It appeared between the two: watch it after all.
	}
}
