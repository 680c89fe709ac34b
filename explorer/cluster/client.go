package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/transport"
)

// client speaks to one API server with one set of credentials; it never changes.
type client struct {
	narrator
	wire *wire
	rest *rest.Config // complete without a plugin; not to be changed
	base *url.URL
	http *http.Client
	// renewable tells that the credentials came from a plugin, which may give
	// others; expires is when it must, zero when it did not say.
	renewable bool
	expires   time.Time
}

// newClient builds the client of an entry, running its credential plugin if it
// has one. Its errors are *problem.Error.
func newClient(w *wire, e *entry, s *settings) (*client, error) {
	c := &client{narrator: narrator{e.context}, wire: w}
	fail := func(err error) (*client, error) { return nil, c.tellConfiguration(err) }

	// ClientConfig writes into the configuration it gets.
	config, err := clientcmd.NewNonInteractiveClientConfig(*e.config.DeepCopy(), e.context.Name, nil, nil).ClientConfig()
	if err != nil {
		return fail(err)
	}
	config.UserAgent = s.userAgent
	config.QPS = -1 // the server's priority and fairness decides
	config.WarningHandler = rest.NoWarnings{}
	if plugin := pluginOf(config); plugin != nil {
		credential, err := plugin.run(w.ctx, c.narrator, s)
		if err != nil {
			return nil, err
		}
		credential.apply(config)
		c.renewable = true
		c.expires = credential.renewAt(time.Now().Add(s.timing.pluginRest))
	}
	config.ExecProvider = nil
	c.rest = config

	if c.base, _, err = rest.DefaultServerUrlFor(config); err != nil {
		return fail(err)
	}
	roundTripper, err := newRoundTripper(config, w, s.timing)
	if err != nil {
		return fail(err)
	}
	c.http = &http.Client{
		Transport: roundTripper,
		// Credentials are added to every request, so none may be led elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// newRoundTripper is rest.TransportFor with deadlines and pings of our own, and
// with connections that can be cut.
func newRoundTripper(config *rest.Config, w *wire, t timing) (http.RoundTripper, error) {
	options, err := config.TransportConfig()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := transport.TLSConfigFor(options)
	if err != nil {
		return nil, err
	}
	proxy := config.Proxy
	if proxy == nil {
		proxy = net.NewProxierWithNoProxyCIDR(http.ProxyFromEnvironment)
	}
	return transport.HTTPWrappersForConfig(options, &http.Transport{
		Proxy:               proxy,
		DialContext:         w.dial,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: t.tlsHandshake,
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: t.idlePing, PingTimeout: t.pingAnswer},
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConnsPerHost: 25, // as client-go has it; it matters for HTTP/1.1 only
		DisableCompression:  config.DisableCompression,
	})
}

func (c *client) expired(now time.Time) bool { return !c.expires.IsZero() && now.After(c.expires) }

// request is what is asked of an API server.
type request struct {
	method string
	path   string
	query  url.Values
	accept string
	body   []byte // JSON; nil for none
	// firstByte is how long the answer may take to begin; 0 for ever.
	firstByte time.Duration
}

// send gives the body of the answer if its status is 2xx; the caller closes it.
// Every other outcome is a *problem.Error, or the error of ctx.
func (c *client) send(ctx context.Context, r request) (*answer, error) {
	target := *c.base
	target.Path = strings.TrimSuffix(target.Path, "/") + r.path
	target.RawQuery = r.query.Encode()

	call, cancel := context.WithCancelCause(ctx)
	a := &answer{client: c, ctx: ctx, call: call, cancel: cancel, tried: r.method + " " + withoutUser(target.String())}
	req, err := http.NewRequestWithContext(call, r.method, target.String(), bytes.NewReader(r.body))
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("building %s: %w", a.tried, err)
	}
	req.Header.Set("Accept", r.accept)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.firstByte > 0 {
		defer time.AfterFunc(r.firstByte, func() { cancel(deadlineError{r.firstByte}) }).Stop()
	}
	res, err := c.http.Do(req)
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // what it adds stands in tried
	}
	if err == nil && (res.StatusCode < 200 || res.StatusCode > 299) {
		err = statusError(r.method, res)
		res.Body.Close()
	}
	if err != nil {
		err = a.tell(err)
		cancel(nil)
		return nil, err
	}
	a.body = res.Body
	return a, nil
}

// answer is the body of an answer.
type answer struct {
	client *client
	ctx    context.Context // of the caller
	call   context.Context // of the request
	cancel context.CancelCauseFunc
	tried  string
	body   io.ReadCloser
	// broken is told once why the body broke off, unless the caller gave up; nil
	// for nobody.
	broken func(error)
}

// Read reads the body. Where it breaks off, a *problem.Error tells why.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	err = a.tell(err)
	if a.broken != nil {
		a.broken(err)
		a.broken = nil
	}
	return n, err
}

// Close ends the request.
func (a *answer) Close() error {
	a.cancel(nil)
	return a.body.Close()
}

// tell tells why the request failed: the caller gave up, the configuration
// changed, we gave up, or the connection broke.
func (a *answer) tell(err error) error {
	switch {
	case a.ctx.Err() != nil:
		return a.ctx.Err()
	case a.client.wire.ctx.Err() != nil:
		return context.Cause(a.client.wire.ctx)
	case a.call.Err() != nil:
		err = context.Cause(a.call)
	}
	return a.client.tell(a.tried, err)
}
