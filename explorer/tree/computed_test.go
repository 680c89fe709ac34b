package tree

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

const serviceTable = `{"kind":"Table","metadata":{"resourceVersion":"10"},"columnDefinitions":[{"name":"Name","type":"string"},{"name":"Selector","type":"string","priority":1}],
"rows":[{"cells":["front","app=web"],"object":{"metadata":{"name":"front","namespace":"default"}}}]}`

// apiServer answers GETs as the test says, by path, and leaves watches open. What has no
// answer is forbidden.
type apiServer map[string]func(http.ResponseWriter, *http.Request)

func says(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func fails(code int, reason string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"as the test says"}`, reason, code)
	}
}

func (s apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch answer := s[r.URL.Path]; {
	case r.URL.Query().Get("watch") != "":
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case answer != nil:
		answer(w, r)
	case r.Method == http.MethodPost: // what may be done: this server cannot say
		says(`{"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","status":{"incomplete":true}}`)(w, r)
	default:
		fails(http.StatusForbidden, "Forbidden")(w, r)
	}
}

// over gives a tree over a cluster, context "c", of pods, services and events.
func over(t *testing.T, s apiServer) *Tree {
	t.Helper()
	s["/version"] = says(`{"gitVersion":"v1.36.3"}`)
	s["/api"] = says(`{"kind":"APIVersions","versions":["v1"]}`)
	s["/apis"] = says(`{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`)
	var resources []string
	for kind, resource := range map[string]string{"Pod": "pods", "Service": "services", "Event": "events"} {
		resources = append(resources, fmt.Sprintf(`{"name":%q,"kind":%q,"namespaced":true,"verbs":["list","watch"]}`, resource, kind))
	}
	s["/api/v1"] = says(`{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"v1","resources":[{"name":"namespaces","kind":"Namespace","verbs":["list","watch"]},` + strings.Join(resources, ",") + `]}`)
	server := httptest.NewServer(s)
	file := filepath.Join(t.TempDir(), "config")
	config := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
		"clusters":[{"name":"c","cluster":{"server":%q}}],"users":[{"name":"u","user":{"token":"t"}}]}`, server.URL)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	contexts, err := cluster.New(t.Context(), cluster.Options{Files: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	tree := New(t.Context(), contexts, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		tree.Close()
		contexts.Close()
		server.Close()
	})
	return tree
}

// reading is a view of a node as a front-end reads it.
type reading struct {
	window
	view    *View
	state   State
	problem *problem.Detail
}

func read(t *testing.T, tree *Tree, node string) *reading {
	t.Helper()
	v, err := tree.Open(t.Context(), Query{Node: node})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	r := &reading{window: window{t: t}, view: v}
	p := v.Page()
	r.page(p)
	r.state, r.problem = p.State, p.Problem
	return r
}

// until reads changes until done holds.
func (r *reading) until(what string, done func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	for !done() {
		c, err := r.view.Next(ctx)
		if err != nil {
			shown, _ := json.Marshal(r.rows)
			r.t.Fatalf("never seen: %s: %v. State %s, rows %s", what, err, r.state, shown)
		}
		r.change(c)
		r.state, r.problem = c.State, c.Problem
	}
}

func (r *reading) row(name string) Row {
	i := slices.IndexFunc(r.rows, func(row Row) bool { return row.Name == name })
	if i < 0 {
		return Row{}
	}
	return r.rows[i]
}

func serviceID() string {
	return join(KindID("c", "default", "services"), objectID{"services", "default", "front"}.segment())
}

// Rows made of what feeds hold are no more complete than these.
func TestPodsOfAServiceAreLoadingUntilTheyAreRead(t *testing.T) {
	let := make(chan struct{})
	tree := over(t, apiServer{
		"/api/v1/namespaces/default/services": says(serviceTable),
		"/api/v1/namespaces/default/pods": func(w http.ResponseWriter, r *http.Request) {
			<-let
			says(page("10", "", "web-1"))(w, r)
		},
	})
	pods := read(t, tree, serviceID())
	if pods.state != StateLoading {
		t.Errorf("nothing is read and the state is %s with %d rows", pods.state, len(pods.rows))
	}
	close(let)
	pods.until("a state other than loading", func() bool { return pods.state != StateLoading })
	if pods.state != StateLive || pods.row("web-1").Name == "" {
		t.Errorf("the state is %s with %+v", pods.state, pods.rows)
	}
}

func TestPodsOfAServiceThatMayNotBeSeen(t *testing.T) {
	tree := over(t, apiServer{"/api/v1/namespaces/default/services": says(serviceTable)})
	pods := read(t, tree, serviceID())
	pods.until("why there are none", func() bool { return len(pods.rows) == 1 && pods.state == StateLive })
	if got := pods.rows[0]; got.Type != NodeMessage || got.Problem.Code != problem.Forbidden.Name() {
		t.Errorf("the row is %+v", got)
	}
}

// A kind that cannot be counted says so, for those who wait for the count.
func TestKindThatCannotBeCountedSaysWhy(t *testing.T) {
	tree := over(t, apiServer{})
	kinds := read(t, tree, join(NamespaceID("c", "default"), "administration"))
	kinds.until("why events are not counted", func() bool { return kinds.row("Events").Problem != nil })
}

// The namespaces that a kubeconfig names are not all there are.
func TestNamespacesThatMayNotBeListedAreNotCounted(t *testing.T) {
	tree := over(t, apiServer{})
	top := read(t, tree, ContextID("c"))
	top.until("that namespaces may not be listed", func() bool { return top.row("Namespaces").Problem != nil })
	if got := top.row("Namespaces"); got.Count != nil {
		t.Errorf("%d namespaces are counted", *got.Count)
	}
}

// What is known below a namespace is told in its row, wherever that comes from.
func TestHealthRollsUpToANamespaceNamedByTheKubeconfig(t *testing.T) {
	tree := over(t, apiServer{
		"/api/v1/namespaces/default/pods": says(strings.Replace(page("10", "", "web-1"), "Running", "CrashLoopBackOff", 1)),
	})
	namespaces := read(t, tree, join(ContextID("c"), placeNamespaces))
	namespaces.until("the namespace", func() bool { return namespaces.row("default").ID != "" })
	read(t, tree, join(NamespaceID("c", "default"), "workloads"))
	namespaces.until("that something is broken in it", func() bool { return namespaces.row("default").Health == HealthBad })
}

// Two groups that cannot be discovered for one reason are two sentences.
func TestMessagesOfOneCodeAreToldApart(t *testing.T) {
	l := newList(nil, "")
	l.replace(messages("c", []*problem.Detail{{Code: "unreachable", Message: "metrics.k8s.io does not answer"}, {Code: "unreachable", Message: "custom.metrics.k8s.io does not answer"}}))
	if len(l.rows) != 2 {
		t.Errorf("%d of 2 messages are shown", len(l.rows))
	}
}

// Whoever opens a view while the tree closes is told, and nothing is left behind.
func TestClosedTreeOpensNothing(t *testing.T) {
	tree := over(t, apiServer{})
	read(t, tree, ContextID("c"))
	tree.Close()
	_, err := tree.Open(t.Context(), Query{Node: ContextID("c")})
	if p := problem.Of(err); p == nil || p.Code != problem.Gone {
		t.Errorf("got %v, want gone", err)
	}
	if len(tree.open) != 0 || len(tree.views) != 0 {
		t.Errorf("%d branches and %d views are left", len(tree.open), len(tree.views))
	}
}

// What is wrong with one object is seen on every row above it, up to the context's.
func TestHealthRollsUpToTheContext(t *testing.T) {
	r := newRollups()
	changed := r.set("c/namespaces/shop/workloads", rankBad)
	want := []string{"c/namespaces/shop/workloads", "c/namespaces/shop", "c/namespaces"}
	if !slices.Equal(changed, want) {
		t.Errorf("changed are %q, want %q", changed, want)
	}
	r.set("c/namespaces/mail/workloads", rankWarning)
	r.set("c/namespaces/shop/workloads", rankUnknown)
	for id, want := range map[string]healthRank{"c/namespaces": rankWarning, "c/namespaces/shop": rankUnknown, "c/namespaces/mail": rankWarning, "c": rankUnknown} {
		if got := r.of(id); got != want {
			t.Errorf("%s has %q below it, want %q", id, healths[got], healths[want])
		}
	}
}
