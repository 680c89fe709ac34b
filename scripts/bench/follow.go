package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"pilothouse/explorer/tree"
	"pilothouse/server"
	"pilothouse/server/wire"

	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// pace is how far apart the changes are.
const pace = 5 * time.Millisecond

// sightings are when each change was first seen, by its number.
type sightings struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func (s *sightings) see(mark string) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.seen[mark]; !again {
		s.seen[mark] = now
	}
}

func (s *sightings) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// markPattern finds the mark that a change leaves in a pod's status.
var markPattern = regexp.MustCompile(`bench-mark-\d+`)

// follow changes pods and measures when each change is seen: by a bare watch, which is
// the API server's own delay, by a client of the daemon, and by `kubectl get -w`.
func (m *meter) follow(ctx context.Context, changes int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	bare, ours, peer := &sightings{seen: map[string]time.Time{}}, &sightings{seen: map[string]time.Time{}}, &sightings{seen: map[string]time.Time{}}
	config, err := clientcmd.BuildConfigFromFlags("", m.kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS = -1
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	api, err := rest.UnversionedRESTClientForConfigAndClient(withSerializer(config), client)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	events, err := api.Get().AbsPath("/api/v1/pods").Param("watch", "true").Param("resourceVersion", "0").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Stream(ctx)
	if err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	defer events.Close()
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	readers.Go(func() { lines(bufio.NewReaderSize(events, 1<<20), bare) })

	d, err := m.startDaemon(ctx)
	if err != nil {
		return err
	}
	defer d.stop()
	server.On(d.client, wire.ExplorerChanged, func(c tree.Change) {
		var rows []tree.Row
		if c.Reset != nil {
			rows = c.Reset.Rows
		}
		for _, op := range c.Ops {
			if op.Row != nil {
				rows = append(rows, *op.Row)
			}
		}
		for _, r := range rows {
			if strings.HasPrefix(r.Status, "bench-mark-") {
				ours.see(r.Status)
			}
		}
	})
	page, err := server.Ask(ctx, d.client, wire.ExplorerChildren, tree.Query{Node: tree.KindID(m.context, "", "pods"), Limit: -1, Filter: tree.Filter{Name: "web-0"}})
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, r := range page.Rows {
		names[r.Name] = r.Object.Namespace
	}

	kubectl := exec.CommandContext(ctx, m.kubectl, "get", "pods", "-A", "-w", "--output-watch-events=false")
	kubectl.Env = append(os.Environ(), "KUBECONFIG="+m.kubeconfig)
	out, err := kubectl.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting kubectl: %w", err)
	}
	if err := kubectl.Start(); err != nil {
		return fmt.Errorf("starting kubectl: %w", err)
	}
	defer func() { _ = kubectl.Wait() }() // ended by cancel
	defer cancel()
	readers.Go(func() { lines(bufio.NewReaderSize(out, 1<<20), peer) })

	change := func(i int, mark string) error {
		name := fmt.Sprintf("web-%05d", i%1000)
		patch, _ := json.Marshal(map[string]any{"status": map[string]any{"reason": mark}}) // of strings
		return api.Patch("application/merge-patch+json").AbsPath(fmt.Sprintf("/api/v1/namespaces/load-%d/pods/%s/status", i%10, name)).Body(patch).Do(ctx).Error()
	}
	// All three follow once the changes before the first that counts are seen.
	ready := func() bool { return bare.count() > 0 && ours.count() > 0 && peer.count() > 0 }
	for i := 0; !ready(); i++ {
		if err := change(i%1000, fmt.Sprintf("bench-mark-%d", 1_000_000+i)); err != nil {
			return fmt.Errorf("changing a pod: %w", err)
		}
		if err := pause(ctx, 20*pace); err != nil {
			return fmt.Errorf("waiting until all follow (%d, %d, %d): %w", bare.count(), ours.count(), peer.count(), err)
		}
	}
	for i := range changes {
		if err := change(i, fmt.Sprintf("bench-mark-%d", i)); err != nil {
			return fmt.Errorf("changing a pod: %w", err)
		}
		if err := pause(ctx, pace); err != nil {
			return err
		}
	}
	complete := func(s *sightings) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range changes {
			if _, seen := s.seen[fmt.Sprintf("bench-mark-%d", i)]; !seen {
				return false
			}
		}
		return true
	}
	for !complete(bare) || !complete(ours) || !complete(peer) {
		if err := pause(ctx, 10*pace); err != nil {
			return fmt.Errorf("waiting for every change to be seen (%d, %d, %d of %d): %w", bare.count(), ours.count(), peer.count(), changes, err)
		}
	}
	var late, kubectlLate []time.Duration
	for i := range changes {
		mark := fmt.Sprintf("bench-mark-%d", i)
		late = append(late, ours.seen[mark].Sub(bare.seen[mark]))
		kubectlLate = append(kubectlLate, peer.seen[mark].Sub(bare.seen[mark]))
	}
	m.report.add("a change seen later than by a bare watch, p50", quantile(late, 0.5), quantile(kubectlLate, 0.5), "ms", "")
	m.report.add("a change seen later than by a bare watch, p99", quantile(late, 0.99), quantile(kubectlLate, 0.99), "ms", "50 ms")
	return nil
}

// lines sees the marks in a stream of lines until it ends.
func lines(r *bufio.Reader, s *sightings) {
	for {
		line, err := r.ReadString('\n')
		if mark := markPattern.FindString(line); mark != "" {
			s.see(mark)
		}
		if err != nil {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func withSerializer(c *rest.Config) *rest.Config {
	c = rest.CopyConfig(c)
	c.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return c
}
