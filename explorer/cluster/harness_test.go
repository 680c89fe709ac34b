package cluster

import (
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pilothouse/explorer/problem"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// quickTiming are pauses for tests. Deadlines stay long: a test that needs one to
// pass shortens that one.
func quickTiming() timing {
	t := defaultTiming()
	t.retryFirst, t.retryMax = time.Millisecond, 20*time.Millisecond
	t.kindsSettle = []time.Duration{time.Millisecond, time.Millisecond}
	t.pluginRest, t.pluginPause = 0, 0
	return t
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// write writes a file by renaming another over it, as careful tools do.
func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
}

// open writes a kubeconfig with a context "dev" and opens that.
func open(t testing.TB, kubeconfig string, change ...func(*Options, *timing)) (*Contexts, *Cluster, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, kubeconfig)
	o, timing := Options{Files: []string{path}}, quickTiming()
	for _, f := range change {
		f(&o, &timing)
	}
	contexts := start(t, o, timing)
	cluster, err := contexts.Open("dev")
	if err != nil {
		t.Fatal(err)
	}
	return contexts, cluster, path
}

func start(t testing.TB, o Options, timing timing) *Contexts {
	t.Helper()
	contexts, err := newContexts(t.Context(), o, timing)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(contexts.Close)
	return contexts
}

// get sends a GET and reads all of the answer.
func get(t testing.TB, c *Cluster, path string) (string, error) {
	t.Helper()
	body, err := c.Get(t.Context(), path, nil, "application/json")
	if err != nil {
		return "", err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	return string(content), err
}

// mustGet is get where nothing may fail.
func mustGet(t testing.TB, c *Cluster, path string) string {
	t.Helper()
	content, err := get(t, c, path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// subject is what tells of its changes.
type subject interface {
	OnChange(f func()) (stop func())
}

// await waits until a condition holds, looking whenever the subject changes.
func await(t testing.TB, s subject, what string, holds func() bool) {
	t.Helper()
	changed := make(chan struct{}, 1)
	defer s.OnChange(func() { offer(changed) })()
	timeout := time.After(patience)
	for !holds() {
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// awaitState waits until a cluster is in a state.
func awaitState(t testing.TB, c *Cluster, state State) Status {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the status is %+v, the problem %+v", c.Status(), c.Status().Problem)
		}
	}()
	await(t, c, "the cluster is "+string(state), func() bool { return c.Status().State == state })
	return c.Status()
}

// problemOf gives the problem that an error must be.
func problemOf(t testing.TB, err error, code problem.Code) *problem.Error {
	t.Helper()
	var p *problem.Error
	if !errors.As(err, &p) {
		t.Fatalf("got the error %v, want a problem %s", err, code.Name())
	}
	if p.Code != code {
		t.Fatalf("got the problem %s (%v), want %s", p.Code.Name(), err, code.Name())
	}
	return p
}

var watching = url.Values{"watch": {"1"}}
