package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.lsp.dev/jsonrpc2"

	"pilothouse/explorer/problem"
	"pilothouse/server/framing"
	"pilothouse/server/socket"
	"pilothouse/server/wire"
)

// older is a build that every build of the tests is newer than.
const older = "v0.0.0-alpha"

// home gives the options of a client whose daemon, state and kubeconfig are in a
// folder of their own. The daemon that it starts is this executable; see TestMain.
func home(t *testing.T) ConnectOptions {
	t.Helper()
	folder, err := os.MkdirTemp("", "p") //nolint:usetesting // a socket's path may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	kubeconfig := filepath.Join(folder, "kubeconfig")
	writeFile(t, kubeconfig, nil)
	path := filepath.Join(folder, "run", "daemon.sock")
	t.Setenv("XDG_STATE_HOME", filepath.Join(folder, "state"))
	t.Setenv("KUBECONFIG", kubeconfig)
	t.Setenv(asDaemon, path)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return ConnectOptions{Socket: path, Name: "test", Command: []string{self}}
}

// connect begins a session that ends with the test, as does the daemon.
func connect(t *testing.T, o ConnectOptions) *Client {
	t.Helper()
	c, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = Ask(context.Background(), c, wire.DaemonShutdown, wire.ShutdownParams{})
		c.Close()
		awaitAbsence(t, o.Socket)
	})
	return c
}

// awaitAbsence waits until the daemon's process has given back its socket.
func awaitAbsence(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		l, err := socket.Listen(path)
		if err == nil {
			l.Close()
			return
		}
		if ctx.Err() != nil {
			t.Errorf("the daemon did not end: %v", err)
			return
		}
		pause(ctx, time.Millisecond)
	}
}

// running serves a daemon of a build at the socket, in this process, until the test ends.
func running(t *testing.T, path, version string) (ended chan error) {
	t.Helper()
	l, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := newTestDaemon(Engine{Clusters: newFakeClusters(), Explorer: newFakeExplorer()}, DaemonOptions{Version: version})
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() {
		ended <- d.Serve(ctx, l)
		l.Close()
	})
	t.Cleanup(func() {
		cancel()
		serving.Wait()
	})
	return ended
}

func TestConnectStartsOneDaemonForAll(t *testing.T) {
	o := home(t)
	const clients = 5
	pids := make([]int, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			c, err := Connect(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			pids[i] = c.Daemon().PID
		})
	}
	all.Wait()
	c := connect(t, o)
	if pids[0] == 0 || len(slices.Compact(pids)) != 1 || c.Daemon().PID != pids[0] {
		t.Errorf("the clients met the daemons %v and %d", pids, c.Daemon().PID)
	}
	if info := c.Daemon(); info.Version != Version() || info.Socket != o.Socket || info.LogFile != LogPath() {
		t.Errorf("the daemon says %+v", info)
	}
}

func TestConnectReplacesAnOlderDaemonThatNobodyUses(t *testing.T) {
	o := home(t)
	ended := running(t, o.Socket, older)
	c := connect(t, o)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if c.Daemon().Version != Version() {
		t.Errorf("the daemon is %s", c.Daemon().Version)
	}
}

func TestConnectTakesAnOlderDaemonThatOthersUse(t *testing.T) {
	o := home(t)
	running(t, o.Socket, older)
	other := o
	other.Version = older
	inUse, err := Connect(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer inUse.Close()
	c, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Daemon().Version != older {
		t.Errorf("the daemon is %s", c.Daemon().Version)
	}
}

func TestConnectTakesANewerDaemon(t *testing.T) {
	o := home(t)
	running(t, o.Socket, "v9.0.0")
	c, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Daemon().Version != "v9.0.0" {
		t.Errorf("the daemon is %s", c.Daemon().Version)
	}
}

func TestConnectTellsThatTheDaemonSpeaksAnotherContract(t *testing.T) {
	o := home(t)
	l, err := socket.Listen(o.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		rpc := jsonrpc2.NewConn(framing.NewStream(conn, framing.DefaultLimits()))
		rpc.Go(context.Background(), func(context.Context, *jsonrpc2.Request) (any, error) {
			return wire.DaemonStatus{Version: "v9.0.0", Contract: 99, Sessions: []wire.SessionInfo{}}, nil
		})
		<-rpc.Done()
	}()
	_, err = Connect(t.Context(), o)
	if p := problem.Of(err); p.Code != problem.DaemonVersion || len(p.Suggestions) == 0 {
		t.Errorf("got %v", err)
	}
}

func TestConnectReplacesWhatAKilledDaemonLeft(t *testing.T) {
	o := home(t)
	if err := os.Mkdir(filepath.Dir(o.Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: o.Socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false)
	killed.Close()
	connect(t, o)
}

func TestConnectTellsWhyTheDaemonDidNotStart(t *testing.T) {
	o := home(t)
	t.Setenv(asDaemon, filepath.Join(filepath.Dir(o.Socket), strings.Repeat("x", 200)))
	_, err := Connect(t.Context(), o)
	p := problem.Of(err)
	if p.Message != "the daemon did not start" || !strings.Contains(p.Error(), "may have 103") || len(p.Suggestions) == 0 {
		t.Errorf("got %v", err)
	}
}

func TestConnectEndsWithItsContext(t *testing.T) {
	o := home(t)
	o.Command = []string{"/bin/sleep", "60"}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Connect(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestBridgePassesAnEditorOnToTheDaemon(t *testing.T) {
	o := home(t)
	connect(t, o)
	out := &bytes.Buffer{}
	in, editor := io.Pipe()
	bridged := make(chan error, 1)
	go func() { bridged <- Bridge(t.Context(), in, out, o) }()
	if _, err := editor.Write(frames(t, []string{initialize, `{"id":2,"method":"shutdown"}`, `{"method":"exit"}`})); err != nil {
		t.Fatal(err)
	}
	if err := <-bridged; err != nil {
		t.Error(err)
	}
	editor.Close()
	for _, want := range []string{`"id":1,"result":{`, `"serverInfo"`, `"id":2,"result":null`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the editor got no %s but %s", want, out)
		}
	}
}

func TestBridgeEndsWhenTheEditorHangsUp(t *testing.T) {
	o := home(t)
	connect(t, o)
	out := &bytes.Buffer{}
	if err := Bridge(t.Context(), bytes.NewReader(frames(t, []string{initialize})), out, o); err != nil {
		t.Error(err)
	}
	alone := &bytes.Buffer{}
	if err := BridgeStandalone(t.Context(), bytes.NewReader(nil), alone, nil); err != nil {
		t.Error(err)
	}
}

func TestBridgeTellsTheEditorWhyThereIsNoDaemon(t *testing.T) {
	o := home(t)
	o.Command = []string{"/no/such/program"}
	in, editor := io.Pipe()
	out, screen := io.Pipe()
	bridged := make(chan error, 1)
	go func() { bridged <- Bridge(t.Context(), in, screen, o) }()
	if _, err := editor.Write(frames(t, []string{initialize})); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := out.Read(answer)
	if err != nil || !strings.Contains(string(answer[:n]), `"id":1,"error":{"code":1000,"message":"the daemon did not start"`) {
		t.Errorf("the editor got %s, %v", answer[:n], err)
	}
	editor.Close()
	if err := <-bridged; problem.Of(err).Message != "the daemon did not start" {
		t.Errorf("Bridge answered %v", err)
	}
}

func TestStandaloneNeedsNoDaemon(t *testing.T) {
	o := home(t)
	c, err := Standalone(t.Context(), StandaloneOptions{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := Ask(t.Context(), c, wire.ClustersList, wire.None{})
	if err != nil || len(list.Files) != 1 || c.Daemon().PID != os.Getpid() {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := socket.Dial(t.Context(), o.Socket); !errors.Is(err, socket.ErrAbsent) {
		t.Errorf("a daemon was started: %v", err)
	}
}

func TestBuildsAreOrdered(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"v0.2.0", "v0.1.9", true},
		{"v0.1.9", "v0.2.0", false},
		{"v0.1.0", "v0.1.0", false},
		{"v0.1.0", "v0.1.0-rc.1", true},
		{"v0.0.0-20261120110500-abcdef123456+dirty.20261120T120000Z", "v0.0.0-20261120110500-abcdef123456+dirty.20261120T110000Z", true},
		{"v0.0.0+devel.20261120T120000Z", "v0.0.0+devel.20261120T120000Z", false},
		{"what", "v0.1.0", false},
		{"v0.1.0", "what", false},
	} {
		if got := newer(test.a, test.b); got != test.want {
			t.Errorf("newer(%s, %s) is %v", test.a, test.b, got)
		}
	}
}
