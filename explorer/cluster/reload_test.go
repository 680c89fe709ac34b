package cluster

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pilothouse/explorer/problem"
)

// ids gives the IDs of all contexts.
func ids(c *Contexts) string {
	var all []string
	for _, listed := range c.List() {
		all = append(all, listed.ID)
	}
	return strings.Join(all, " ")
}

func named(name string) string {
	return strings.ReplaceAll(kubeconfigFor("https://127.0.0.1:1", "", ""), "name: dev", "name: "+name)
}

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(t *testing.T, path string)
		change func(t *testing.T, path string)
	}{{
		name:   "replaced",
		before: func(t *testing.T, path string) { write(t, path, named("old")) },
		change: func(t *testing.T, path string) { write(t, path, named("new")) },
	}, {
		name:   "written in place",
		before: func(t *testing.T, path string) { write(t, path, named("old")) },
		change: func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(named("new")), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}, {
		name:   "appears with its folders",
		before: func(*testing.T, string) {},
		change: func(t *testing.T, path string) { write(t, path, named("new")) },
	}, {
		name: "behind a link that is set anew",
		before: func(t *testing.T, path string) {
			write(t, path+".d/1/config", named("old"))
			link(t, path+".d/1/config", path)
		},
		change: func(t *testing.T, path string) {
			write(t, path+".d/2/config", named("new"))
			link(t, path+".d/2/config", path)
		},
	}, {
		name: "behind a link to another folder",
		before: func(t *testing.T, path string) {
			write(t, path+".d/config", named("old"))
			link(t, path+".d/config", path)
		},
		change: func(t *testing.T, path string) { write(t, path+".d/config", named("new")) },
	}, {
		name:   "its folder is replaced",
		before: func(t *testing.T, path string) { write(t, path, named("old")) },
		change: func(t *testing.T, path string) {
			if err := os.Rename(filepath.Dir(path), filepath.Dir(path)+".bak"); err != nil {
				t.Fatal(err)
			}
			write(t, path, named("new"))
		},
	}} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "home/.kube/config")
			test.before(t, path)
			contexts := start(t, Options{Files: []string{path}}, quickTiming())
			test.change(t, path)
			await(t, contexts, "the new context is listed", func() bool { return ids(contexts) == "new" })
		})
	}
}

// link sets a symbolic link in one step.
func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreLookedAtWhereTheyCannotBeWatched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, named("old"))
	timing := quickTiming()
	timing.filePoll = time.Millisecond
	contexts := start(t, Options{Files: []string{path}}, timing)
	unable := &fileWatcher{timing: timing, log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		unable.run(ctx, contexts.reload)
	}()
	unable.follow([]string{path})
	write(t, path, named("new"))
	await(t, contexts, "the new context is listed", func() bool { return ids(contexts) == "new" })
	cancel()
	<-ended
}

func TestFileThatChangesNothingChangesNothing(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "first"), filepath.Join(folder, "second")
	write(t, first, named("one"))
	write(t, second, named("two"))
	contexts := start(t, Options{Files: []string{first, second}}, quickTiming())
	var told []string
	defer contexts.OnChange(func() { told = append(told, ids(contexts)) })()
	contexts.reload()
	write(t, first, named("one"))
	contexts.reload()
	write(t, first, named("one")+"\n# a comment\n")
	contexts.reload()
	if told != nil {
		t.Errorf("listeners were told of %q", told)
	}
}

func TestMalformedFileKeepsWhatItSaidBefore(t *testing.T) {
	contexts, cluster, path := open(t, named("dev"))
	write(t, path, "apiVersion: v1\nkind: Config\ncontexts: [")
	await(t, contexts, "the file has a problem", func() bool { return contexts.Files()[0].Problem != nil })
	if got := ids(contexts); got != "dev" {
		t.Errorf("the contexts are %q", got)
	}
	if got := cluster.Status().State; got != StateIdle {
		t.Errorf("the cluster is %s", got)
	}
	write(t, path, named("dev"))
	await(t, contexts, "the problem is gone", func() bool { return contexts.Files()[0].Problem == nil })
}

func TestDevicesAreNotRead(t *testing.T) {
	contexts := start(t, Options{Files: []string{"/dev/zero"}}, quickTiming())
	if p := contexts.Files()[0].Problem; p == nil || !strings.Contains(p.Cause, "not a regular file") {
		t.Errorf("got %+v", p)
	}
}

func TestRotatedCredentialsAreUsedAtOnce(t *testing.T) {
	server := newAPIServer(t, nil)
	folder := t.TempDir()
	jane := func(name string) {
		certPEM, keyPEM := server.authority.user(name)
		write(t, filepath.Join(folder, "jane.key"), keyPEM)
		write(t, filepath.Join(folder, "jane.crt"), certPEM)
	}
	token := func(token string) { write(t, filepath.Join(folder, "token"), token) }
	for _, test := range []struct {
		name, user string
		set        func(cluster *Cluster, path, to string)
		saw        func(*http.Request) string
	}{{
		name: "token in the kubeconfig",
		user: "token: TO",
		set:  func(_ *Cluster, path, to string) { write(t, path, server.kubeconfig("", "token: "+to)) },
		saw:  func(r *http.Request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") },
	}, {
		name: "token in a file",
		user: "tokenFile: " + folder + "/token",
		set:  func(_ *Cluster, _, to string) { token(to) },
		saw:  func(r *http.Request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") },
	}, {
		name: "certificate in files",
		user: "client-certificate: " + folder + "/jane.crt\nclient-key: " + folder + "/jane.key",
		set:  func(_ *Cluster, _, to string) { jane(to) },
		saw:  clientName,
	}} {
		t.Run(test.name, func(t *testing.T) {
			jane("old")
			token("old")
			_, cluster, path := open(t, server.kubeconfig("", strings.Replace(test.user, "TO", "old", 1)))
			mustGet(t, cluster, "/version")
			if got := test.saw(server.last(t)); got != "old" {
				t.Fatalf("the server saw %q first", got)
			}
			test.set(cluster, path, "new")
			// The client is dropped, so the cluster is as if nothing had been asked.
			awaitState(t, cluster, StateIdle)
			mustGet(t, cluster, "/version")
			// A key may be written before its certificate: then it takes a second change.
			await(t, cluster, "the new one is used", func() bool {
				_, err := get(t, cluster, "/version")
				return err == nil && test.saw(server.last(t)) == "new"
			})
		})
	}
}

func TestChangedServerCutsStreams(t *testing.T) {
	server := newAPIServer(t, stream)
	_, cluster, path := open(t, server.kubeconfig("", ""))
	body, err := cluster.Get(t.Context(), "/api/v1/pods", watching, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, len(firstLine))); err != nil {
		t.Fatal(err)
	}
	write(t, path, server.kubeconfig("", "token: another"))
	_, err = io.ReadAll(body)
	problemOf(t, err, problem.Gone)
}

const firstLine = "{}\n"

// stream answers one line and then nothing until the request ends.
func stream(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, firstLine)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestDeletedContextIsGoneUntilItReturns(t *testing.T) {
	server := newAPIServer(t, nil)
	contexts, cluster, path := open(t, server.kubeconfig("", ""))
	defer cluster.Hold()()
	awaitState(t, cluster, StateReady)

	write(t, path, named("other"))
	status := awaitState(t, cluster, StateGone)
	if status.Problem == nil || status.Problem.Code != "contextUnknown" {
		t.Errorf("the problem is %+v", status.Problem)
	}
	_, err := get(t, cluster, "/version")
	problemOf(t, err, problem.ContextUnknown)
	if _, err := contexts.Open("dev"); err == nil {
		t.Error("it can be opened although it is gone")
	}
	if got := cluster.Context().Name; got != "dev" {
		t.Errorf("it forgot that it was %q", got)
	}

	write(t, path, server.kubeconfig("", ""))
	awaitState(t, cluster, StateReady)
	if again, err := contexts.Open("dev"); err != nil || again != cluster {
		t.Errorf("opening it again gives %p, %v; want %p", again, err, cluster)
	}
}

func TestOpenIsPinnedWhateverIsCurrent(t *testing.T) {
	server := newAPIServer(t, nil)
	_, cluster, path := open(t, server.kubeconfig("", "token: secret"))
	write(t, path, strings.Replace(server.kubeconfig("", "token: secret"), "current-context: dev", "current-context: prod", 1))
	await(t, cluster, "it is no longer current", func() bool { return !cluster.Context().Current })
	mustGet(t, cluster, "/version")
	if got := server.last(t).Header.Get("Authorization"); got != "Bearer secret" {
		t.Errorf("the server saw %q", got)
	}
}

func TestUnknownContextCannotBeOpened(t *testing.T) {
	contexts, _, _ := open(t, named("dev"))
	_, err := contexts.Open("prod")
	problemOf(t, err, problem.ContextUnknown)
}

func TestAddedFilesAndNamespacesAreRemembered(t *testing.T) {
	folder := t.TempDir()
	state := filepath.Join(folder, "state/contexts.json")
	config, added := filepath.Join(folder, "config"), filepath.Join(folder, "added")
	write(t, config, named("dev"))
	write(t, added, named("stage"))
	o := Options{Files: []string{config}, StateFile: state}

	first := start(t, o, quickTiming())
	if err := first.AddFile(added, true); err != nil {
		t.Fatal(err)
	}
	if err := first.SetNamespace("stage", "blue"); err != nil {
		t.Fatal(err)
	}
	cluster, err := first.Open("stage")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cluster.Namespaces(), " "); got != "blue default shop" {
		t.Errorf("the namespaces are %q", got)
	}
	first.Close()

	second := start(t, o, quickTiming())
	list, files := second.List(), second.Files()
	if len(list) != 2 || list[1].ID != "stage" || list[1].Namespace != "blue" {
		t.Errorf("the contexts are %+v", list)
	}
	if len(files) != 2 || !files[1].Added || !files[1].Trusted {
		t.Errorf("the files are %+v", files)
	}
	if content, err := os.ReadFile(config); err != nil || string(content) != named("dev") {
		t.Errorf("the kubeconfig was changed: %v\n%s", err, content)
	}
	if err := second.SetNamespace("stage", ""); err != nil {
		t.Fatal(err)
	}
	if got := second.List()[1].Namespace; got != "shop" {
		t.Errorf("the namespace of the kubeconfig is hidden by %q", got)
	}
	if err := second.RemoveFile(added); err != nil {
		t.Fatal(err)
	}
	second.Close()
	if got := ids(start(t, o, quickTiming())); got != "dev" {
		t.Errorf("after removal the contexts are %q", got)
	}
}

func TestRequestsThatMakeNoSenseAreRefused(t *testing.T) {
	contexts, _, path := open(t, named("dev"))
	for name, test := range map[string]struct {
		err  error
		code problem.Code
	}{
		"no namespace":       {contexts.SetNamespace("dev", "Not A Label"), problem.InvalidQuery},
		"no context":         {contexts.SetNamespace("prod", "shop"), problem.ContextUnknown},
		"file of KUBECONFIG": {contexts.AddFile(path, true), problem.InvalidQuery},
		"file never added":   {contexts.RemoveFile(path), problem.InvalidQuery},
	} {
		t.Run(name, func(t *testing.T) { problemOf(t, test.err, test.code) })
	}
}

func TestWhatCannotBeRememberedIsNotDone(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "config"), named("dev"))
	write(t, filepath.Join(folder, "file"), "")
	contexts := start(t, Options{Files: []string{filepath.Join(folder, "config")}, StateFile: filepath.Join(folder, "file/state")}, quickTiming())
	if err := contexts.SetNamespace("dev", "blue"); err == nil {
		t.Error("it says that it remembers")
	}
	if got := contexts.List()[0].Namespace; got != "shop" {
		t.Errorf("the namespace is %q", got)
	}
}

func TestFilesOfTheEnvironmentAreRead(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "one"), named("one"))
	write(t, filepath.Join(folder, "two"), named("two"))
	t.Setenv("KUBECONFIG", strings.Join([]string{filepath.Join(folder, "two"), "", filepath.Join(folder, "one"), filepath.Join(folder, "two")}, ":"))
	contexts, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer contexts.Close()
	if got := ids(contexts); got != "two one" {
		t.Errorf("the contexts are %q", got)
	}
}

func TestBrokenMemoryIsNoHindrance(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "config"), named("dev"))
	write(t, filepath.Join(folder, "state"), "{")
	contexts := start(t, Options{Files: []string{filepath.Join(folder, "config")}, StateFile: filepath.Join(folder, "state")}, quickTiming())
	if err := contexts.SetNamespace("dev", "blue"); err != nil {
		t.Fatal(err)
	}
	if got := contexts.List()[0].Namespace; got != "blue" {
		t.Errorf("the namespace is %q", got)
	}
}

func TestFileInUseIsReadUntilItIsGoneAndNotRemembered(t *testing.T) {
	folder := t.TempDir()
	state, used := filepath.Join(folder, "state.json"), filepath.Join(folder, "used")
	write(t, used, "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: https://127.0.0.1:1}}]\ncontexts: [{name: passing, context: {cluster: c}}]\n")
	contexts := start(t, Options{Files: []string{}, StateFile: state}, quickTiming())
	if err := contexts.UseFile(used, true); err != nil {
		t.Fatal(err)
	}
	if list := contexts.List(); len(list) != 1 || list[0].Name != "passing" {
		t.Fatalf("the contexts are %+v", list)
	}
	if files := contexts.Files(); files[0].Added {
		t.Errorf("the file counts as added by the user: %+v", files)
	}
	if remembered, err := os.ReadFile(state); err == nil && strings.Contains(string(remembered), used) {
		t.Errorf("the file is remembered: %s", remembered)
	}
	gone := make(chan struct{}, 1)
	defer contexts.OnChange(func() {
		if len(contexts.Files()) == 0 {
			select {
			case gone <- struct{}{}:
			default:
			}
		}
	})()
	if err := os.Remove(used); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(patience):
		t.Errorf("the file is gone and still listed: %+v", contexts.Files())
	}
}
