package tree

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// script is a source that answers request after request with what a test says, and
// tells which were made.
type script struct {
	mu       sync.Mutex
	answers  []answer
	requests []string
	changed  []func()
	server   string
	answered bool // tell every answer as a change of the cluster, as one that comes and goes does
}

type answer struct {
	body string
	err  error
	open bool          // the stream stays open after the body until its request ends
	slow time.Duration // how long a list takes
}

func (s *script) Get(ctx context.Context, path string, q url.Values, _ string) (io.ReadCloser, error) {
	if s.answered {
		s.change(s.server)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := path
	if q.Get("watch") != "" {
		asked += " watch from " + q.Get("resourceVersion")
	}
	if more := q.Get("continue"); more != "" {
		asked += " continue " + more
	}
	s.requests = append(s.requests, asked)
	if len(s.answers) == 0 {
		s.answers = []answer{{open: true}}
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	if a.err != nil {
		return nil, a.err
	}
	r, w := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	go func() {
		if q.Get("watch") == "" {
			select {
			case <-time.After(a.slow):
			case <-ctx.Done():
			}
		}
		_, _ = io.WriteString(w, a.body)
		if !a.open {
			stop()
			_ = w.Close()
		}
	}()
	return r, nil
}

func (s *script) OnChange(f func()) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = append(s.changed, f)
	return func() {}
}

func (s *script) change(server string) {
	s.mu.Lock()
	s.server = server
	told := slices.Clone(s.changed)
	s.mu.Unlock()
	for _, f := range told {
		f()
	}
}

func (s *script) Status() cluster.Status { return cluster.Status{State: cluster.StateReady} }

func (s *script) Context() cluster.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cluster.Context{ID: "c", Server: s.server}
}
func (s *script) Hold() func() { return func() {} }

func (s *script) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func page(version, more string, names ...string) string {
	var rows []string
	for _, name := range names {
		rows = append(rows, tableRow(name, "Running"))
	}
	return fmt.Sprintf(`{"kind":"Table","metadata":{"resourceVersion":%q,"continue":%q},"columnDefinitions":%s,"rows":[%s]}`, version, more, podDefinitions, strings.Join(rows, ","))
}

func tableRow(name, status string) string {
	return fmt.Sprintf(`{"cells":[%q,"1/1",%q,"0","5s","-"],"object":{"metadata":{"name":%q,"namespace":"default","uid":"%s-uid","creationTimestamp":"2026-01-02T03:04:05Z"}}}`, name, status, name, name)
}

func event(kind eventType, version, name, status string) string {
	return fmt.Sprintf(`{"type":%q,"object":{"kind":"Table","metadata":{"resourceVersion":%q},"columnDefinitions":%s,"rows":[%s]}}`+"\n", kind, version, podDefinitions, tableRow(name, status))
}

const expired = `{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version","reason":"Expired","code":410}}` + "\n"

var podKind = cluster.Kind{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true, Verbs: []string{"list", "watch"}}

// runFeed runs a feed against the answers until until() holds and gives what the list holds then.
func runFeed(t *testing.T, s *script, kind cluster.Kind, more ...func(*feed)) (f *feed, stop func()) {
	f = &feed{
		list: newList(nil, "pods"), source: s, selection: selection{kind: "pods", namespace: "default"}, query: url.Values{}, accept: acceptTables,
		reader: tableReader, log: slog.New(slog.DiscardHandler), changed: make(chan struct{}, 1),
		find: func(context.Context) (cluster.Kind, error) { return kind, nil },
	}
	for _, m := range more {
		m(f)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		f.run(ctx)
		close(ended)
	}()
	return f, func() {
		cancel()
		<-ended
	}
}

func names(l *list) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, r := range l.rows {
		all = append(all, r.name()+" "+r.statusText())
	}
	slices.Sort(all)
	return all
}

func stateOf(l *list) (State, *problem.Detail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.problem
}

func forbidden() error {
	return &problem.Error{Code: problem.Forbidden, Message: "you may not", Err: apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", nil)}
}

func TestFeed(t *testing.T) {
	unreachable := &problem.Error{Code: problem.Unreachable, Message: "no answer"}
	gone := &problem.Error{Code: problem.Rejected, Message: "410", Err: &apierrors.StatusError{ErrStatus: metav1.Status{Code: http.StatusGone, Reason: metav1.StatusReasonExpired}}}
	tests := map[string]struct {
		answers []answer
		kind    cluster.Kind
		runs    time.Duration // how long the feed runs before it is looked at
		rows    []string
		state   State
		problem string
		asked   []string
	}{
		"reads pages, then watches from there": {
			answers: []answer{
				{body: page("10", "more", "a", "b")},
				{body: page("10", "", "c")},
				{body: event(eventModified, "11", "b", "Failed") + event(eventDeleted, "12", "c", "Running") + event(eventAdded, "13", "d", "Pending"), open: true},
			},
			rows: []string{"a Running", "b Failed", "d Pending"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods continue more", "/api/v1/namespaces/default/pods watch from 10"},
		},
		"resumes a broken stream where it was": {
			answers: []answer{{body: page("10", "", "a")}, {body: event(eventAdded, "17", "b", "Running")}, {err: unreachable}, {body: event(eventAdded, "18", "c", "Running"), open: true}},
			runs:    time.Minute,
			rows:    []string{"a Running", "b Running", "c Running"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 10", "/api/v1/namespaces/default/pods watch from 17", "/api/v1/namespaces/default/pods watch from 17"},
		},
		"lists again after a 410 event, and drops what has gone": {
			answers: []answer{{body: page("10", "", "a", "b")}, {body: expired}, {body: page("90", "", "b", "c")}, {open: true}},
			runs:    time.Minute,
			rows:    []string{"b Running", "c Running"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 10", "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 90"},
		},
		"lists again after a 410 answer": {
			answers: []answer{{body: page("10", "", "a")}, {err: gone}, {body: page("90", "", "c")}, {open: true}},
			runs:    time.Minute,
			rows:    []string{"c Running"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 10", "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 90"},
		},
		"starts over when a page has expired": {
			answers: []answer{{body: page("10", "more", "a")}, {err: gone}, {body: page("90", "", "c")}, {open: true}},
			runs:    time.Minute,
			rows:    []string{"c Running"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods continue more", "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 90"},
		},
		"says why it may not list, and tries again": {
			answers: []answer{{err: forbidden()}, {err: forbidden()}},
			runs:    deniedPause + time.Second,
			state:   StateFailed, problem: "forbidden",
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods"},
		},
		"shows nothing that may not be seen any more": {
			answers: []answer{{body: page("10", "", "a")}, {err: forbidden()}},
			runs:    time.Second,
			state:   StateFailed, problem: "forbidden",
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 10"},
		},
		"says that a kind has gone": {
			answers: []answer{{body: page("10", "", "a")}, {err: &problem.Error{Code: problem.NotFound, Message: "404"}}},
			runs:    time.Second,
			state:   StateFailed, problem: "kindUnknown",
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 10"},
		},
		"keeps the last rows while the cluster does not answer": {
			answers: []answer{{body: page("10", "", "a")}, {body: ""}, {err: unreachable}, {err: unreachable}, {err: unreachable}, {err: unreachable}, {err: unreachable}, {err: unreachable}, {err: unreachable}, {err: unreachable}},
			runs:    10 * time.Second,
			rows:    []string{"a Running"}, state: StateReconnecting, problem: "unreachable",
		},
		"reads on after an event that makes no sense": {
			answers: []answer{{body: page("10", "", "a")}, {body: event(eventAdded, "11", "b", "Running") + `{"type":"ADD` + "\n"}, {body: event(eventAdded, "12", "c", "Running"), open: true}},
			runs:    time.Minute,
			rows:    []string{"a Running", "b Running", "c Running"}, state: StateLive,
		},
		"lists again when a watch tells other columns": {
			answers: []answer{
				{body: page("10", "", "a", "b")},
				{body: strings.Replace(event(eventModified, "11", "b", "Failed"), `"name":"IP"`, `"name":"Address"`, 1), open: true},
				{body: strings.Replace(page("12", "", "a", "b"), `"name":"IP"`, `"name":"Address"`, 1)},
				{open: true},
			},
			runs: time.Minute,
			rows: []string{"a Running", "b Running"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 10", "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods watch from 12"},
		},
		"is loading, not failed, while its first pages expire": {
			answers: []answer{{body: page("10", "more", "a")}, {err: gone}},
			rows:    []string{"a Running"}, state: StateLoading,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods continue more"},
		},
		"lists now and then what cannot be watched": {
			kind:    cluster.Kind{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true, Verbs: []string{"list"}},
			answers: []answer{{body: page("", "", "a")}, {body: page("", "", "b")}},
			runs:    pollEvery + time.Second,
			rows:    []string{"b Running"}, state: StateLive,
			asked: []string{"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: test.answers}
				kind := podKind
				if test.kind.Resource != "" {
					kind = test.kind
				}
				f, stop := runFeed(t, s, kind)
				defer stop()
				time.Sleep(test.runs) // the bubble's clock
				synctest.Wait()
				if got := names(f.list); !slices.Equal(got, test.rows) {
					t.Errorf("rows are %q, want %q", got, test.rows)
				}
				state, got := stateOf(f.list)
				if state != test.state {
					t.Errorf("state is %q (%+v), want %q", state, got, test.state)
				}
				if got == nil && test.problem != "" || got != nil && got.Code != test.problem {
					t.Errorf("problem is %+v, want %q", got, test.problem)
				}
				if test.asked != nil && !slices.Equal(s.asked(), test.asked) {
					t.Errorf("requests were\n%q, want\n%q", s.asked(), test.asked)
				}
			})
		})
	}
}

// A context that points at another server now is read anew: versions of the old one mean nothing there.
func TestFeedStartsOverOnAnotherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{server: "https://one", answers: []answer{{body: page("10", "", "a")}, {open: true}, {body: page("3", "", "z")}, {open: true}}}
		f, stop := runFeed(t, s, podKind)
		defer stop()
		synctest.Wait()
		s.change("https://two")
		synctest.Wait()
		if got := names(f.list); slices.Contains(got, "a Running") {
			t.Errorf("rows are %q: the first server's are taken for the second's", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := names(f.list); !slices.Equal(got, []string{"z Running"}) {
			t.Errorf("rows are %q, want those of the second server; requests %q", got, s.asked())
		}
	})
}

// A cluster that comes back is asked at once, not when the pause has passed.
func TestFeedResumesWhenTheClusterIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{err: forbidden()}, {body: page("10", "", "a")}, {open: true}}}
		f, stop := runFeed(t, s, podKind)
		defer stop()
		synctest.Wait()
		s.change("")
		synctest.Wait()
		state, _ := stateOf(f.list)
		if got := names(f.list); len(got) != 1 || state != StateLive {
			t.Errorf("rows are %q in state %s", got, state)
		}
	})
}

// Rows that stand in for a list that is forbidden give way to the list when it is allowed.
func TestRowsInsteadOfAForbiddenList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{err: forbidden()}, {body: page("10", "", "a")}, {open: true}}}
		f, stop := runFeed(t, s, podKind, func(f *feed) {
			f.instead = func(*problem.Error) []Row { return []Row{{ID: "known", Type: NodeNamespace, Name: "known"}} }
		})
		defer stop()
		synctest.Wait()
		state, _ := stateOf(f.list)
		if got := names(f.list); !slices.Equal(got, []string{"known "}) || state != StateLive {
			t.Errorf("rows are %q in state %s", got, state)
		}
		time.Sleep(2 * deniedPause)
		synctest.Wait()
		if got := names(f.list); !slices.Equal(got, []string{"a Running"}) {
			t.Errorf("rows are %q", got)
		}
	})
}

// A feed that can never watch from what it listed, or whose stream breaks as soon as it is
// open, asks ever more rarely, although each answer shows that the cluster is there.
func TestFeedThatAlwaysBreaksPausesLonger(t *testing.T) {
	for name, answers := range map[string]func(i int) answer{
		"every stream breaks": func(i int) answer { return answer{body: []string{page("10", "", "a"), `{"type":`}[min(i, 1)]} },
		"every version is old": func(i int) answer {
			return answer{body: []string{page("10", "", "a"), expired}[i%2], slow: 2 * time.Second}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answered: true}
				for i := range 10_000 {
					s.answers = append(s.answers, answers(i))
				}
				_, stop := runFeed(t, s, podKind)
				defer stop()
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if n := len(s.asked()); n > 100 {
					t.Errorf("%d requests in five minutes", n)
				}
			})
		})
	}
}
