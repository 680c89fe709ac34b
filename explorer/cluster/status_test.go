package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"pilothouse/explorer/problem"
)

func loopback() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1)} }

func yesterday() time.Time { return time.Now().Add(-24 * time.Hour) }

// refuse answers with a Status of Kubernetes.
func refuse(code int, reason, message, details string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":%q,"code":%d,"details":{%s}}`,
			message, reason, code, details)
	}
}

func TestAnswersBecomeProblems(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		code    problem.Code
		message string // a part of it
		is      func(error) bool
		state   State
	}{{
		name:    "unauthorized",
		handler: refuse(401, "Unauthorized", "Unauthorized", ""),
		code:    problem.Unauthorized, message: "does not accept the credentials of the user jane",
		is: apierrors.IsUnauthorized, state: StateUnauthorized,
	}, {
		name:    "forbidden",
		handler: refuse(403, "Forbidden", `pods is forbidden: User "jane" cannot list resource "pods"`, `"kind":"pods"`),
		code:    problem.Forbidden, message: `User "jane" cannot list resource "pods"`,
		is: apierrors.IsForbidden, state: StateReady,
	}, {
		name:    "no such object",
		handler: refuse(404, "NotFound", `pods "web" not found`, `"name":"web","kind":"pods"`),
		code:    problem.NotFound, message: `pods "web" not found in dev`,
		is: apierrors.IsNotFound, state: StateReady,
	}, {
		name:    "no such kind",
		handler: refuse(404, "NotFound", "the server could not find the requested resource", ""),
		code:    problem.KindUnknown, message: "does not serve that",
		is: apierrors.IsNotFound, state: StateReady,
	}, {
		name:    "resource version too old",
		handler: refuse(410, "Expired", "too old resource version: 1 (2)", ""),
		code:    problem.Rejected, message: "too old resource version",
		is: apierrors.IsResourceExpired, state: StateReady,
	}, {
		name:    "too many requests",
		handler: refuse(429, "TooManyRequests", "please try again later", `"retryAfterSeconds":7`),
		code:    problem.Overloaded, message: "please try again later",
		is: func(err error) bool { s, ok := apierrors.SuggestsClientDelay(err); return ok && s == 7 }, state: StateReady,
	}, {
		name: "a gateway",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<html>Zscaler</html>")
		},
		code: problem.Rejected, message: "something other than Kubernetes answers",
		is: apierrors.IsForbidden, state: StateConnecting,
	}} {
		t.Run(test.name, func(t *testing.T) {
			server := newAPIServer(t, test.handler)
			_, cluster, _ := open(t, server.kubeconfig("", ""))
			_, err := get(t, cluster, "/api/v1/pods")
			p := problemOf(t, err, test.code)
			if !strings.Contains(p.Message, test.message) {
				t.Errorf("got the message %q, want it to say %q", p.Message, test.message)
			}
			if want := "GET " + server.URL + "/api/v1/pods"; p.Tried != want {
				t.Errorf("tried %q, want %q", p.Tried, want)
			}
			if !test.is(err) {
				t.Errorf("the cause %#v was lost", p.Err)
			}
			if got := cluster.Status().State; got != test.state {
				t.Errorf("the cluster is %s, want %s", got, test.state)
			}
			if strings.Contains(fmt.Sprintf("%+v %v", p, p.Err), "secret-of-jane") {
				t.Error("the problem tells the token")
			}
		})
	}
}

func TestUnreachableClusterIsReadyOnceItAnswers(t *testing.T) {
	server := newAPIServer(t, nil)
	proxy := newCable(t, server.Listener.Addr().String())
	proxy.unplug()
	_, cluster, _ := open(t, strings.Replace(server.kubeconfig("", ""), server.URL, "https://"+proxy.address, 1))

	if got := cluster.Status().State; got != StateIdle {
		t.Errorf("before anything was asked the cluster is %s", got)
	}
	defer cluster.Hold()()
	status := awaitState(t, cluster, StateUnreachable)
	want := "the API server of dev at https://" + proxy.address + " does not answer (connection refused)"
	if status.Problem.Message != want || status.Problem.Code != "unreachable" {
		t.Errorf("got %s: %s, want %s", status.Problem.Code, status.Problem.Message, want)
	}
	proxy.plug()
	status = awaitState(t, cluster, StateReady)
	if status.Problem != nil {
		t.Errorf("it is ready with a problem: %+v", status.Problem)
	}
	if status.Version != "v1.36.3" {
		await(t, cluster, "the version is known", func() bool { return cluster.Status().Version == "v1.36.3" })
	}
	proxy.unplug()
	awaitState(t, cluster, StateUnreachable)
}

// Who may watch no definitions has nothing that would notice by itself.
func TestLostClusterIsFoundAgainForARestrictedUser(t *testing.T) {
	server := newAPIServer(t, discoveryHandler(nothing))
	proxy := newCable(t, server.Listener.Addr().String())
	_, cluster, _ := open(t, strings.Replace(server.kubeconfig("", ""), server.URL, "https://"+proxy.address, 1))
	defer cluster.Hold()()
	awaitState(t, cluster, StateReady)
	await(t, cluster, "the kinds are known, so that all is quiet", func() bool {
		cluster.mu.Lock()
		defer cluster.mu.Unlock()
		return cluster.kinds != nil
	})
	proxy.unplug()
	_, err := get(t, cluster, "/version")
	problemOf(t, err, problem.Unreachable)
	proxy.plug()
	awaitState(t, cluster, StateReady)
}

func TestDeadClusterDoesNotBlockAnother(t *testing.T) {
	silent := listen(t) // accepts nothing, so that a TLS handshake never ends
	server := newAPIServer(t, nil)
	_, dead, _ := open(t, kubeconfigFor("https://"+silent.Addr().String(), "", ""), func(_ *Options, timing *timing) {
		timing.tlsHandshake = 50 * time.Millisecond
	})
	_, alive, _ := open(t, server.kubeconfig("", ""))
	defer dead.Hold()()
	mustGet(t, alive, "/version")
	awaitState(t, dead, StateUnreachable)
	_, err := get(t, dead, "/version")
	problemOf(t, err, problem.Unreachable)
}

func TestLateFailureDoesNotHideALaterSuccess(t *testing.T) {
	arrived := make(chan struct{})
	server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-r.Context().Done()
			return
		}
		answerVersion(w)
	})
	_, cluster, _ := open(t, server.kubeconfig("", ""), func(_ *Options, timing *timing) {
		timing.firstByte = 500 * time.Millisecond
	})
	failed := make(chan error, 1)
	go func() {
		_, err := get(t, cluster, "/slow")
		failed <- err
	}()
	<-arrived
	mustGet(t, cluster, "/version")
	problemOf(t, <-failed, problem.Unreachable)
	if got := cluster.Status().State; got != StateReady {
		t.Errorf("the cluster is %s, want %s", got, StateReady)
	}
}

func TestHalfOpenConnectionBreaksOff(t *testing.T) {
	server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	proxy := newCable(t, server.Listener.Addr().String())
	_, cluster, _ := open(t, strings.Replace(server.kubeconfig("", ""), server.URL, "https://"+proxy.address, 1),
		func(_ *Options, timing *timing) {
			timing.idlePing, timing.pingAnswer = 300*time.Millisecond, 300*time.Millisecond
		})
	body, err := cluster.Get(t.Context(), "/api/v1/pods", watching, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, len("first\n"))); err != nil {
		t.Fatal(err)
	}
	proxy.freeze()
	_, err = body.Read(make([]byte, 1))
	problemOf(t, err, problem.Unreachable)
	if got := cluster.Status().State; got != StateUnreachable {
		t.Errorf("the cluster is %s, want %s", got, StateUnreachable)
	}
}

func TestOnlyWatchesMayBeSilent(t *testing.T) {
	begun, speak := make(chan string, 3), make(chan struct{})
	server := newAPIServer(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- r.URL.RawQuery
		select {
		case <-speak:
		case <-r.Context().Done():
		}
	})
	_, cluster, _ := open(t, server.kubeconfig("", ""), func(_ *Options, timing *timing) {
		timing.firstByte = 20 * time.Millisecond
	})
	watch := make(chan error, 1)
	go func() {
		body, err := cluster.Get(t.Context(), "/api/v1/pods", watching, "application/json")
		if err == nil {
			body.Close()
		}
		watch <- err
	}()
	if got := <-begun; got != "watch=1" {
		t.Fatalf("the first request is %q", got)
	}
	// The deadline passes for another request while the watch, begun before, is silent.
	_, err := get(t, cluster, "/api/v1/pods")
	if p := problemOf(t, err, problem.Unreachable); !strings.Contains(p.Message, "no answer within 20ms") {
		t.Errorf("got %q", p.Message)
	}
	close(speak)
	if err := <-watch; err != nil {
		t.Errorf("the watch had a deadline: %v", err)
	}
}

func TestCancelledRequestIsNoProblem(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newAPIServer(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	_, err := cluster.Get(ctx, "/version", nil, "application/json")
	var p *problem.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &p) {
		t.Errorf("got %v", err)
	}
	if got := cluster.Status().State; got != StateIdle {
		t.Errorf("the cluster is %s, want %s", got, StateIdle)
	}
}

func TestPlainHTTPWhereTLSIsExpectedIsTold(t *testing.T) {
	plain := listen(t)
	go http.Serve(plain, http.NotFoundHandler())
	_, cluster, _ := open(t, kubeconfigFor("https://"+plain.Addr().String(), "", ""))
	_, err := get(t, cluster, "/version")
	p := problemOf(t, err, problem.Unreachable)
	if !strings.Contains(p.Message, "does not speak TLS") {
		t.Errorf("got %q", p.Message)
	}
}

func TestTransportFailuresBecomeSentences(t *testing.T) {
	n := narrator{Context{ID: "dev", Server: "https://api:6443", File: "/kube/config"}}
	for _, test := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Name: "api", IsNotFound: true}, "(the name api is not known)"},
		{&net.OpError{Op: "proxyconnect", Err: errors.New("connection refused")}, "(the proxy before it does not: connection refused)"},
		{io.ErrUnexpectedEOF, "(the connection broke)"},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "(it does not speak TLS)"},
		{&net.OpError{Op: "dial", Err: deadlineError{5 * time.Second}}, "(no answer within 5s)"},
	} {
		p := problemOf(t, n.tell("GET https://api:6443/version", fmt.Errorf("sending: %w", test.err)), problem.Unreachable)
		if want := "the API server of dev at https://api:6443 does not answer " + test.want; p.Message != want {
			t.Errorf("%v becomes %q, want %q", test.err, p.Message, want)
		}
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// cable stands between a client and a server and can be damaged.
type cable struct {
	t       testing.TB
	address string
	target  string

	mu       sync.Mutex
	listener net.Listener
	frozen   chan struct{} // closed when nothing passes any more
	conns    []net.Conn
	work     sync.WaitGroup
}

func newCable(t testing.TB, target string) *cable {
	c := &cable{t: t, target: target, address: "127.0.0.1:0", frozen: make(chan struct{})}
	c.plug()
	t.Cleanup(func() {
		c.unplug()
		c.work.Wait()
	})
	return c
}

// plug lets connections pass.
func (c *cable) plug() {
	l, err := net.Listen("tcp", c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener, c.address = l, l.Addr().String()
	c.work.Go(func() {
		for {
			here, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", c.target)
			if err != nil {
				here.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, here, there)
			c.mu.Unlock()
			c.work.Go(func() { c.copy(here, there) })
			c.work.Go(func() { c.copy(there, here) })
		}
	})
}

// copy passes bytes on until one end closes; frozen, it swallows them.
func (c *cable) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-c.frozen:
			n = 0
		default:
		}
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// freeze leaves connections open and lets nothing pass.
func (c *cable) freeze() { close(c.frozen) }

// unplug closes all connections and refuses new ones.
func (c *cable) unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener.Close()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// join copies both ways between two connections until one closes.
func join(a, b net.Conn) {
	var work sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		work.Go(func() {
			defer pair[0].Close()
			defer pair[1].Close()
			io.Copy(pair[0], pair[1])
		})
	}
	work.Wait()
}
