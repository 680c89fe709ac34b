package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"

	"pilothouse/explorer/problem"
)

// keeper keeps a cluster connected and its kinds fresh while somebody holds it.
//
// Its goroutines: run, and one for each watch of definitions while the API server
// answers. All end with its context, which the last release or the workers end.
type keeper struct {
	cluster *Cluster
	cancel  context.CancelFunc
	wake    chan struct{} // holds one signal: look again now
}

// Hold keeps the cluster connected until release is called: it is probed, with
// growing pauses after a failure, and its kinds are discovered again when their
// definitions change. Whoever shows the cluster holds it; holds add up.
func (c *Cluster) Hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holders++
	if c.holders == 1 {
		ctx, cancel := context.WithCancel(c.workers.ctx)
		k := &keeper{cluster: c, cancel: cancel, wake: make(chan struct{}, 1)}
		c.keeper = k
		c.workers.run(func(context.Context) { k.run(ctx) })
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.holders--
		if c.holders == 0 {
			c.keeper.cancel()
			c.keeper = nil
		}
	})
}

// Retry tries again now what waits for its next attempt: the probe, and a
// credential plugin that failed or whose credentials were refused.
func (c *Cluster) Retry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.connecting; f != nil && f.landed() && c.status.State != StateReady {
		c.connecting = nil
	}
	c.keeper.signal()
}

// signal makes the keeper look again now; a nil keeper has nothing to look at.
func (k *keeper) signal() {
	if k == nil {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		if !k.probe(ctx) {
			failures++
			k.pause(ctx, backoff(failures, k.cluster.settings.timing))
			continue
		}
		failures = 0
		k.tend(ctx)
	}
}

// backoff doubles the pause with every failure, give or take a fifth so that many
// clusters behind one VPN do not all try at once.
func backoff(failures int, t timing) time.Duration {
	pause := t.retryMax
	if failures < 16 {
		pause = min(t.retryMax, t.retryFirst<<(failures-1))
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

// pause waits for the time to pass or for a signal.
func (k *keeper) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-k.wake:
	case <-timer.C:
	}
}

// probe asks for the version, which any API server tells any user, and tells
// whether the cluster is ready.
func (k *keeper) probe(ctx context.Context) (ready bool) {
	c := k.cluster
	c.mu.Lock()
	over := c.wire
	c.mu.Unlock()
	gitVersion, err := c.askVersion(ctx)
	if failure, ok := errors.AsType[*problem.Error](err); ok {
		if _, known := stateAfter(failure); !known {
			// Whatever answers there, it is not an API server that works.
			unreachable := *failure
			unreachable.Code = problem.Unreachable
			c.observe(over, time.Now(), &unreachable)
		}
	}
	c.mu.Lock()
	told := gitVersion != "" && gitVersion != c.status.Version && over == c.wire
	if told {
		c.status.Version = gitVersion
	}
	ready = c.status.State == StateReady
	c.mu.Unlock()
	if told {
		c.listeners.call()
	}
	return ready
}

// maxAnswer bounds the answers that are read as a whole here.
const maxAnswer = 1 << 20

func (c *Cluster) askVersion(ctx context.Context) (string, error) {
	deadline := c.settings.timing.probe
	ctx, cancel := context.WithTimeout(ctx, 2*deadline)
	defer cancel()
	body, err := c.send(ctx, request{method: "GET", path: "/version", accept: "application/json", firstByte: deadline})
	if err != nil {
		return "", err
	}
	defer body.Close()
	var info version.Info
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&info); err != nil {
		n := narrator{c.Context()}
		return "", &problem.Error{
			Code:    problem.Rejected,
			Message: fmt.Sprintf("something other than Kubernetes answers for %s", n.server()),
			Tried:   "GET " + n.context.Server + "/version",
			Err:     err,
		}
	}
	return info.GitVersion, nil
}

// tend keeps the kinds fresh for as long as the cluster is ready.
func (k *keeper) tend(ctx context.Context) {
	t := k.cluster.settings.timing
	var watches sync.WaitGroup
	defer watches.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened, changed := make(chan struct{}, 1), make(chan struct{}, 1)
	for _, path := range []string{
		"/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
		"/apis/apiregistration.k8s.io/v1/apiservices",
	} {
		watches.Go(func() { k.cluster.watchDefinitions(ctx, path, opened, changed) })
	}
	// pending are the pauses before the discoveries to come.
	pending := t.kindsSettle[:1]
	timer := time.NewTimer(pending[0])
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
			if k.cluster.Status().State != StateReady {
				return
			}
			continue
		case <-opened:
			if len(pending) > 0 {
				continue
			}
			pending = t.kindsSettle[:1]
		case <-changed:
			pending = t.kindsSettle
		case <-timer.C:
			_, _ = k.cluster.discover(ctx) // a failure shows in the status, and the old kinds stay
			pending = pending[min(1, len(pending)):]
		}
		if len(pending) > 0 {
			timer.Reset(pending[0])
		} else {
			timer.Reset(t.kindsRefresh)
		}
	}
}

// watchDefinitions watches the objects that define kinds, until ctx ends or the
// user turns out not to be allowed to: then the discovery from time to time has
// to do. It signals opened when changes before that moment may have been missed,
// and changed for every change.
func (c *Cluster) watchDefinitions(ctx context.Context, path string, opened, changed chan<- struct{}) {
	for ctx.Err() == nil {
		stream, err := c.openWatch(ctx, path)
		offer(opened)
		if refused, ok := errors.AsType[*problem.Error](err); ok && refused.Code != problem.Unreachable && refused.Code != problem.Overloaded {
			return
		}
		if err == nil {
			readLines(stream, func() { offer(changed) })
			stream.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.settings.timing.retryFirst):
		}
	}
}

// openWatch watches a collection from now on, one line of JSON for each change.
func (c *Cluster) openWatch(ctx context.Context, path string) (io.ReadCloser, error) {
	const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	const listMetadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	body, err := c.Get(ctx, path, url.Values{"limit": {"1"}}, listMetadataOnly)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var now struct {
		Metadata metav1.ListMeta `json:"metadata"`
	}
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&now); err != nil {
		return nil, fmt.Errorf("reading the resource version of %s: %w", path, err)
	}
	return c.Get(ctx, path, url.Values{"watch": {"1"}, "resourceVersion": {now.Metadata.ResourceVersion}}, metadataOnly)
}

// readLines calls f after every line until the stream ends. What stands in the
// lines does not matter, so none is kept.
func readLines(stream io.Reader, f func()) {
	lines := bufio.NewReader(stream)
	for {
		_, err := lines.ReadSlice('\n')
		if err == nil {
			f()
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// offer signals unless a signal is waiting already.
func offer(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}
