package cli

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
	"pilothouse/server"
	"pilothouse/server/logging"
	"pilothouse/server/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a real daemon over clusters and rows that a test makes up, and a
// shell whose kubeconfig has the context "dev" with the namespace "shop".
type fixture struct {
	socket   string
	contexts []cluster.Context
	files    []cluster.File
	kinds    map[string][]cluster.Kind
	nodes    map[string]tree.Page

	// refuse is why no session begins.
	refuse error

	mu      sync.Mutex
	calls   []string
	queries []tree.Query
	views   map[string]*fakeView
}

var (
	pods        = cluster.Kind{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true, Verbs: []string{"list"}}
	deployments = cluster.Kind{Group: "apps", Version: "v1", Resource: "deployments", Kind: "Deployment", Namespaced: true, Verbs: []string{"list"}}
	nodes       = cluster.Kind{Version: "v1", Resource: "nodes", Kind: "Node", Verbs: []string{"list"}}
)

func newFixture(t *testing.T) *fixture {
	t.Helper()
	folder := t.TempDir()
	kubeconfig := filepath.Join(folder, "config")
	writeKubeconfig(t, kubeconfig, "dev")
	t.Setenv("KUBECONFIG", kubeconfig)

	f := &fixture{
		socket:   filepath.Join(folder, "run", "daemon.sock"),
		contexts: []cluster.Context{{ID: "dev", Name: "dev", Cluster: "dev", User: "me", Namespace: "shop", File: kubeconfig}},
		kinds: map[string][]cluster.Kind{
			"": {deployments, nodes, pods}, "pods": {pods}, "po": {pods}, "deployments": {deployments},
			"nodes": {nodes}, "all": {pods, deployments},
		},
		nodes: make(map[string]tree.Page),
		views: make(map[string]*fakeView),
	}
	listener, err := socket.Listen(f.socket)
	if err != nil {
		t.Fatal(err)
	}
	book, log := logging.NewBook(&bytes.Buffer{}, slog.LevelError)
	daemon := server.NewDaemon(server.Engine{Clusters: fakeClusters{f}, Explorer: f}, server.DaemonOptions{
		Version: server.Version(), Socket: f.socket, Log: log, Book: book,
	})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- daemon.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return f
}

func writeKubeconfig(t *testing.T, path, current string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("apiVersion: v1\nkind: Config\ncurrent-context: "+current+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// result is what a command printed and its exit code.
type result struct {
	code        int
	out, errOut string
}

// run runs the command line to its end.
func (f *fixture) run(t *testing.T, args ...string) result {
	t.Helper()
	return f.runUntil(t.Context(), args...)
}

// runUntil runs the command line and interrupts it when ctx ends.
func (f *fixture) runUntil(ctx context.Context, args ...string) result {
	var out, errOut lockedBuffer
	code := f.start(ctx, &out, &errOut, args...)
	return result{code, out.String(), errOut.String()}
}

func (f *fixture) start(ctx context.Context, out, errOut *lockedBuffer, args ...string) int {
	streams := Streams{In: &bytes.Buffer{}, Out: out, ErrOut: errOut}
	g := &globals{streams: streams, connect: func(ctx context.Context, g *globals) (*server.Client, error) {
		if f.refuse != nil {
			return nil, f.refuse
		}
		return server.Connect(ctx, server.ConnectOptions{Socket: f.socket, Name: clientName, Log: g.log()})
	}}
	return execute(ctx, newRoot(g), args, streams)
}

// expect compares what a command did with what it should have done.
func (r result) expect(t *testing.T, code int, out, errOut string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	if r.out != out {
		t.Errorf("printed\n%s\nwant\n%s", r.out, out)
	}
	if r.errOut != errOut {
		t.Errorf("printed as error\n%s\nwant\n%s", r.errOut, errOut)
	}
}

// node makes the rows below a node.
func (f *fixture) node(id string, page tree.Page) {
	if page.State == "" {
		page.State = tree.StateLive
	}
	page.Total = max(page.Total, len(page.Rows))
	f.nodes[id] = page
}

// Open opens a view of a node that the test has made, else of nothing.
func (f *fixture) Open(_ context.Context, q tree.Query) (server.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, q)
	page, ok := f.nodes[q.Node]
	if !ok {
		page = tree.Page{State: tree.StateLive}
	}
	if name, ok := strings.CutPrefix(q.Filter.Fields, "metadata.name="); ok {
		page.Rows = slices.DeleteFunc(slices.Clone(page.Rows), func(row tree.Row) bool { return row.Name != name })
	}
	v := &fakeView{fixture: f, node: q.Node, page: page, changes: make(chan tree.Change, 16), asked: make(chan struct{}, 16)}
	v.page.View = strconv.Itoa(len(f.queries))
	f.views[q.Node] = v
	return v, nil
}

// view is the open view of a node.
func (f *fixture) view(node string) *fakeView {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.views[node]
}

// fakeView sends the changes that a test gives it.
type fakeView struct {
	fixture *fixture
	node    string
	changes chan tree.Change
	// asked holds a token for every time the daemon asked for a change.
	asked chan struct{}

	mu   sync.Mutex
	page tree.Page
}

func (v *fakeView) ID() string { return v.page.View }

func (v *fakeView) Page() tree.Page {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.page.Seq++
	return v.page
}

func (v *fakeView) Next(ctx context.Context) (tree.Change, error) {
	select {
	case v.asked <- struct{}{}:
	default:
	}
	select {
	case change := <-v.changes:
		v.mu.Lock()
		defer v.mu.Unlock()
		v.page.Seq++
		change.View, change.Seq = v.page.View, v.page.Seq
		if change.State == "" {
			change.State = tree.StateLive
		}
		return change, nil
	case <-ctx.Done():
		return tree.Change{}, ctx.Err()
	}
}

func (v *fakeView) SetLimit(int) {}

func (v *fakeView) Close() {
	v.fixture.mu.Lock()
	defer v.fixture.mu.Unlock()
	if v.fixture.views[v.node] == v {
		delete(v.fixture.views, v.node)
	}
}

// fakeClusters are the fixture's contexts; calls that change them are noted.
type fakeClusters struct{ *fixture }

func (f fakeClusters) List() []cluster.Context { return slices.Clone(f.contexts) }

func (f fakeClusters) Files() []cluster.File { return slices.Clone(f.files) }

func (f fakeClusters) UseFile(path string, trusted bool) error { return f.AddFile(path, trusted) }

func (f fakeClusters) AddFile(path string, trusted bool) error {
	if path == os.Getenv("KUBECONFIG") {
		return nil // every session brings the files of its shell
	}
	f.note("add %s trusted=%v", filepath.Base(path), trusted)
	return nil
}

func (f fakeClusters) RemoveFile(path string) error {
	f.note("remove %s", filepath.Base(path))
	return nil
}

func (f fakeClusters) SetNamespace(id, namespace string) error {
	f.note("set namespace %s %s", id, namespace)
	return nil
}

func (f fakeClusters) Retry(id string) error {
	f.note("retry %s", id)
	return nil
}

func (f fakeClusters) OnChange(func()) (stop func()) { return func() {} }

func (f fakeClusters) Reach(context.Context, string) (string, error) {
	return "", &problem.Error{Code: problem.Unreachable, Message: "the API server of dev does not answer", Suggestions: []string{"start the cluster"}}
}

func (f fakeClusters) Kinds(_ context.Context, _ string, names []string) ([]cluster.Kind, error) {
	if len(names) == 0 {
		return f.kinds[""], nil
	}
	var found []cluster.Kind
	for _, name := range names {
		kinds, ok := f.kinds[name]
		if !ok {
			return nil, &problem.Error{Code: problem.KindUnknown, Message: fmt.Sprintf("no kind is called %q", name)}
		}
		found = append(found, kinds...)
	}
	return found, nil
}

func (f fakeClusters) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// awaitLimit is how long a test waits for text, which on a real cluster may need
// an image and a pod.
const awaitLimit = 90 * time.Second

// lockedBuffer is an output that a test reads while a command writes.
type lockedBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.written != nil {
		close(b.written)
		b.written = nil
	}
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await waits until the text has been printed.
func (b *lockedBuffer) await(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitLimit)
	defer cancel()
	for {
		b.mu.Lock()
		if bytes.Contains(b.text.Bytes(), []byte(text)) {
			b.mu.Unlock()
			return
		}
		if b.written == nil {
			b.written = make(chan struct{})
		}
		written := b.written
		b.mu.Unlock()
		select {
		case <-written:
		case <-ctx.Done():
			t.Fatalf("%q was not printed, but\n%s", text, b)
		}
	}
}
