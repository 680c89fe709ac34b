package tree

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// pageSize is how many rows a list request asks for, as kubectl does.
	pageSize = 500
	// pollEvery is how often a kind is listed that the server cannot watch, such as
	// metrics; metrics-server itself measures every 15 seconds.
	pollEvery = 15 * time.Second
	// deniedPause is how long a refusal is believed when nothing else has changed.
	deniedPause = 30 * time.Second

	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	// briefStream is how short a stream must have been to count as a failure.
	briefStream = time.Second
	// steadyStream is how long one must have been for failures before it to be forgotten.
	steadyStream = 10 * time.Second
)

// source is the cluster as a feed uses it; *cluster.Cluster is one.
type source interface {
	Get(ctx context.Context, path string, query url.Values, accept string) (io.ReadCloser, error)
	OnChange(f func()) (stop func())
	Status() cluster.Status
	Context() cluster.Context
	Hold() (release func())
}

// feed keeps a list the same as a collection in a cluster, for as long as run lasts: it
// reads the collection in pages, then watches from there, and resumes where the watch
// broke. Streaming the collection through the watch (KEP-3157) was measured and takes
// two to three times as long for printed tables; see docs/performance.md. Guarantee: when
// the list is live again it equals the collection, whatever was missed meanwhile; rows of
// before stay in view until then.
type feed struct {
	*list
	source    source
	selection selection
	query     url.Values // its selectors
	log       *slog.Logger
	find      func(context.Context) (cluster.Kind, error) // tells how the selection's kind is served
	accept    string
	// reader reads the events of one response body into the list.
	reader func(f *feed, body io.Reader) eventReader
	// instead gives rows to show where the collection may not be listed; nil for none.
	instead func(*problem.Error) []Row

	// Only run uses these.
	version string // resume after this resourceVersion; "" makes a new pass
	pass    uint32 // counts the passes over the whole collection
	kind    cluster.Kind
	whole   bool // a pass has been completed
	pause   time.Duration
	hurried bool      // the last pause was cut short by a change of the cluster
	opened  time.Time // when the stream under way began; zero before it did

	mu     sync.Mutex
	server string             // address that version belongs to
	stream context.CancelFunc // ends the request under way

	changed chan struct{} // holds a token when the cluster changed; ends a pause
}

// eventReader reads watch events or a list out of a response body.
type eventReader interface {
	event() (eventType, error)
	// page reads a page of the collection and calls more, once it knows the token that
	// continues the list; complete is called after the last.
	page(more func(token string)) error
	complete()
	// position gives the resourceVersion of what was read last.
	position() string
}

// run keeps the list current until ctx ends.
func (f *feed) run(ctx context.Context) {
	defer f.source.Hold()()
	defer f.source.OnChange(f.clusterChanged)()
	for ctx.Err() == nil {
		f.opened = time.Time{}
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		var streamed time.Duration
		if !f.opened.IsZero() {
			streamed = time.Since(f.opened)
		}
		f.wait(ctx, f.answer(err, streamed))
	}
}

// clusterChanged ends a pause once the cluster can be asked again, and starts over
// when the context points at another server, whose versions mean something else.
func (f *feed) clusterChanged() {
	server := f.source.Context().Server
	f.mu.Lock()
	if f.stream != nil && server != f.server {
		f.stream()
	}
	f.mu.Unlock()
	if s := f.source.Status().State; s == cluster.StateReady || s == cluster.StateIdle {
		select {
		case f.changed <- struct{}{}:
		default:
		}
	}
}

// follow reads the collection, unless it knows from where to go on, and then watches until
// the stream ends.
func (f *feed) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.mu.Lock()
	server := f.source.Context().Server
	moved := server != f.server && f.server != ""
	if server != f.server {
		f.server, f.version = server, ""
	}
	f.stream = cancel
	f.mu.Unlock()
	if moved { // nobody may take the rows of one cluster for those of another
		f.whole = false
		f.replace(nil)
		f.setState(StateLoading, nil)
	}
	if f.version == "" {
		kind, err := f.find(ctx)
		if err != nil {
			return err
		}
		f.kind = kind
		f.setKind(kind)
		if err := f.listPages(ctx); err != nil {
			return err
		}
	}
	if !f.kind.Can("watch") {
		f.version = ""
		return errPoll
	}
	return f.watch(ctx)
}

// findKind asks discovery how a kind is served now.
func findKind(id string, kindsOf func(context.Context) (*cluster.Kinds, error)) func(context.Context) (cluster.Kind, error) {
	return func(ctx context.Context) (cluster.Kind, error) {
		kinds, err := kindsOf(ctx)
		if err != nil {
			return cluster.Kind{}, err
		}
		k, ok := kinds.ByID(id)
		if !ok {
			return k, &problem.Error{
				Code: problem.KindUnknown, Message: "the server does not serve " + id + " (any more)",
				Suggestions: []string{"install the CustomResourceDefinition or the API server that brings it"},
			}
		}
		return k, nil
	}
}

var (
	// errPoll tells that a list succeeded which cannot be watched.
	errPoll = errors.New("the server does not watch this kind")
	// errColumns tells that rows come with other columns than those before them.
	errColumns = errors.New("the columns have changed")
)

// watch reads events from version on until the stream ends.
func (f *feed) watch(ctx context.Context) error {
	q := maps.Clone(f.query)
	q.Set("watch", "true")
	q.Set("allowWatchBookmarks", "true")
	q.Set("resourceVersion", f.version)
	q.Set("timeoutSeconds", strconv.Itoa(600+rand.IntN(600))) // spread out, so that an API server that comes back is not met all at once
	body, err := f.source.Get(ctx, f.kind.Path(f.selection.namespace), q, f.accept)
	if err != nil {
		return err
	}
	defer body.Close()
	f.opened = time.Now()
	f.live()
	reader := f.reader(f, body)
	for {
		if _, err := reader.event(); err != nil {
			return err
		}
		if version := reader.position(); version != "" {
			f.version = version
		}
	}
}

// listPages reads the whole collection page by page. A page is asked for as soon as the one
// before it has told its continue token, so that the server prints it while we read.
func (f *feed) listPages(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.pass++
	next := f.askPage(ctx, "")
	for {
		body, err := next()
		if err != nil {
			return err
		}
		next = nil
		reader := f.reader(f, body)
		err = reader.page(func(token string) { next = f.askPage(ctx, token) })
		_ = body.Close() // read to its end, or err tells why not
		switch {
		case err != nil && next != nil:
			cancel()
			if ahead, failed := next(); failed == nil {
				_ = ahead.Close() // nobody reads it
			}
			return err
		case err != nil:
			return err
		case next == nil:
			f.version = reader.position()
			reader.complete()
			f.live()
			return nil
		}
	}
}

// askPage asks for the page that the token continues with, "" for the first. The answer
// waits until the server answers, or ctx ends; the body is the caller's to close.
func (f *feed) askPage(ctx context.Context, token string) (answer func() (io.ReadCloser, error)) {
	q := maps.Clone(f.query)
	q.Set("limit", strconv.Itoa(pageSize))
	if token != "" {
		q.Set("continue", token)
	}
	var body io.ReadCloser
	var err error
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		body, err = f.source.Get(ctx, f.kind.Path(f.selection.namespace), q, f.accept)
	}()
	return func() (io.ReadCloser, error) {
		<-asked
		return body, err
	}
}

func (f *feed) live() {
	f.whole = true
	f.setState(StateLive, nil)
}

// answer draws the consequence of how follow ended, after a stream that lasted so long,
// and tells how long to wait.
func (f *feed) answer(err error, streamed time.Duration) time.Duration {
	if streamed >= steadyStream {
		f.pause = 0
	}
	switch {
	case errors.Is(err, errPoll):
		f.pause = 0
		return pollEvery
	case errors.Is(err, io.EOF) && streamed >= briefStream: // the server's time limit
		return 0
	case errors.Is(err, io.EOF):
		f.broken(nil)
		return f.longer()
	case errors.Is(err, context.Canceled): // a new address
		f.broken(nil)
		f.pause = 0
		return f.longer()
	case isExpired(err) || errors.Is(err, errColumns):
		f.version = ""
		f.broken(nil)
		if streamed >= briefStream {
			return 0
		}
		return f.longer()
	}
	p := problem.Of(err)
	f.log.Debug("feed broke", "kind", f.selection.kind, "namespace", f.selection.namespace, "problem", p.Code.Name(), "cause", err)
	switch p.Code {
	case problem.Gone: // the kubeconfig changed how to connect: go on with what it says now
		f.pause = 0
		return 0
	case problem.Forbidden, problem.NotFound, problem.KindUnknown:
		f.deny(p)
		return deniedPause
	}
	f.broken(p.Detail())
	return f.longer()
}

// deny shows the collection as one that cannot be seen.
func (f *feed) deny(p *problem.Error) {
	f.version, f.whole = "", false
	if p.Code == problem.NotFound {
		p = &problem.Error{Code: problem.KindUnknown, Message: "the server does not serve " + f.selection.kind + " (any more)", Tried: p.Tried, Err: p.Err}
	}
	if f.instead != nil && p.Code == problem.Forbidden {
		f.replace(f.instead(p))
		f.setState(StateLive, p.Detail())
		return
	}
	f.replace(nil)
	f.setState(StateFailed, p.Detail())
}

// broken shows that the list is not followed now, and why, if something is wrong.
func (f *feed) broken(p *problem.Detail) {
	switch {
	case f.whole:
		f.setState(StateReconnecting, p)
	case p != nil:
		f.setState(StateFailed, p)
	default:
		f.setState(StateLoading, nil)
	}
}

func (f *feed) longer() time.Duration {
	f.pause = min(longestPause, max(firstPause, 2*f.pause))
	return f.pause/2 + rand.N(f.pause/2)
}

// wait lets the time pass, or until the cluster changes. An answer to the feed's own request
// may be such a change, so that one request a pause is made early, not one after the other.
func (f *feed) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	if f.hurried {
		select {
		case <-f.changed:
		default:
		}
	}
	f.hurried = false
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.changed:
		f.hurried = true
	case <-ctx.Done():
	}
}

// isExpired tells that the version to resume from is unknown to the server: compacted
// away, or from before the server was restored from a backup.
func isExpired(err error) bool {
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return true
	}
	var status apierrors.APIStatus
	return errors.As(err, &status) && (status.Status().Code == http.StatusGone ||
		apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
}

// tableEvents reads printed tables into the feed's list.
type tableEvents struct {
	*tableDecoder
	feed     *feed
	reshaped bool // the columns are others than those of the rows before
}

func tableReader(f *feed, body io.Reader) eventReader {
	d := newTableDecoder(body, f.selection.kind)
	e := &tableEvents{tableDecoder: d, feed: f}
	d.onTable = func(t *table) { e.reshaped = f.setTable(t) }
	d.onRow = func(r *row) {
		if d.current == eventDeleted {
			f.remove(r.key())
			return
		}
		r.pass = f.pass
		f.put(r)
	}
	return e
}

// event reads one event. After other columns the list has to be read anew: the rows that are
// not in the event still have the cells of before.
func (e *tableEvents) event() (eventType, error) {
	kind, err := e.tableDecoder.event()
	if err == nil && e.reshaped {
		err = errColumns
	}
	return kind, err
}

func (e *tableEvents) page(more func(token string)) error {
	e.onContinue = more
	return e.printed(true)
}

func (e *tableEvents) complete() { e.feed.keep(e.feed.pass) }
