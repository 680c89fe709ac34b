package tree

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"

	"golang.org/x/sync/errgroup"
)

const (
	// mostFollowed is how many kinds of a category are watched as soon as it is shown, for
	// counts and a health that live. Those beyond, and those that cannot be watched, are
	// counted by a request for one row, which tells how many remain.
	mostFollowed = 32
	// countEvery is how long such a count is good.
	countEvery = time.Minute
)

// followed tells which of a category's kinds are watched; events, of which there are many
// and which have a life of an hour, never are.
func followed(k cluster.Kind, already int) bool {
	return k.Can("watch") && k.ID() != "events" && already < mostFollowed
}

// kindRows are the kinds of a category, each with how many objects there are and the
// worst health among them.
func (t *Tree) kindRows(cl *cluster.Cluster, n nodeID) (*list, func(context.Context)) {
	c := newComputed()
	return c.list, func(ctx context.Context) {
		defer cl.Hold()()
		defer cl.OnChange(c.kick)()
		defer t.rollUp(n.text, rankUnknown)
		feeds := t.newFeedSet(cl, c)
		defer feeds.release()
		counts := newCounter(ctx, cl, n.namespace, c.kick)
		defer counts.wait()
		c.keep(ctx, func(ctx context.Context) ([]Row, error) {
			kinds, err := cl.Kinds(ctx)
			if err != nil {
				return nil, err
			}
			shown, hidden := t.permitted(ctx, cl, n, kinds)
			var rows []Row
			var watched []selection
			worst := rankUnknown
			for _, k := range shown {
				r := Row{ID: join(n.text, escape(k.ID())), Type: NodeKind, Kind: k.ID(), Name: plural(k), Expandable: true}
				if k.Custom {
					r.Description = k.Group
				}
				if followed(k, len(watched)) {
					objects := selection{kind: k.ID(), namespace: n.namespace}
					watched = append(watched, objects)
					r = summed(feeds.of(objects), r)
					worst = max(worst, rankOf(r.Health))
				} else {
					r = counts.of(k).fill(r)
				}
				rows = append(rows, r)
			}
			if hidden > 0 {
				rows = append(rows, message(n.text, &problem.Detail{
					Code:    problem.Forbidden.Name(),
					Message: fmt.Sprintf("%s you may not list %s not shown", countOf(hidden, "kind that", "kinds that"), isAre(hidden)),
				}))
			}
			feeds.only(watched...)
			t.rollUp(n.text, worst)
			return rows, nil
		})
	}
}

// permitted gives the category's kinds without those that the user surely may not list.
func (t *Tree) permitted(ctx context.Context, cl *cluster.Cluster, n nodeID, kinds *cluster.Kinds) (shown []cluster.Kind, hidden int) {
	var inCategory []cluster.Kind
	for _, g := range categories() {
		if g.id == n.category {
			inCategory = g.kindsOf(kinds, n.place)
		}
	}
	rules, err := cl.Allowed(ctx, n.namespace)
	if err != nil {
		return inCategory, 0 // then each kind tells by itself
	}
	for _, k := range inCategory {
		if allowed, known := rules.May("list", k); known && !allowed {
			hidden++
			continue
		}
		shown = append(shown, k)
	}
	return shown, hidden
}

// plural writes a kind's plural as its name is written, "NetworkPolicies"; a kind whose
// resource is called otherwise, such as PodMetrics, keeps its name.
func plural(k cluster.Kind) string {
	same := 0
	for same < min(len(k.Kind), len(k.Resource)) && strings.EqualFold(k.Kind[same:same+1], k.Resource[same:same+1]) {
		same++
	}
	if len(k.Kind)-same > 1 {
		return k.Kind
	}
	return k.Kind[:same] + k.Resource[same:]
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// counter counts kinds' objects, a few requests at a time.
type counter struct {
	ctx       context.Context
	cluster   *cluster.Cluster
	namespace string
	counted   func() // called after each count
	requests  errgroup.Group

	mu     sync.Mutex
	counts map[string]count
}

type count struct {
	n       int
	known   bool
	problem *problem.Detail // why it could not be counted last
	asked   time.Time
}

// fill fills in what is known of a kind's objects.
func (c count) fill(r Row) Row {
	if c.known {
		r.Count = &c.n
	}
	if c.problem != nil {
		r.Problem, r.Detail = c.problem, c.problem.Message
	}
	return r
}

func newCounter(ctx context.Context, cl *cluster.Cluster, namespace string, counted func()) *counter {
	c := &counter{ctx: ctx, cluster: cl, namespace: namespace, counted: counted, counts: map[string]count{}}
	c.requests.SetLimit(4)
	return c
}

// of gives the last count, and asks for a new one when it has grown old.
func (c *counter) of(k cluster.Kind) count {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.counts[k.ID()]
	if time.Since(last.asked) > countEvery && c.requests.TryGo(func() error { c.request(k); return nil }) {
		last.asked = time.Now()
		c.counts[k.ID()] = last
	}
	return last
}

func (c *counter) request(k cluster.Kind) {
	n, err := c.count(k)
	c.mu.Lock()
	last := c.counts[k.ID()]
	last.problem, last.asked = problem.Of(err).Detail(), time.Now()
	if err == nil {
		last.n, last.known = n, true
	}
	c.counts[k.ID()] = last
	c.mu.Unlock()
	c.counted()
}

// count lists one object; the answer tells how many remain.
func (c *counter) count(k cluster.Kind) (int, error) {
	body, err := c.cluster.Get(c.ctx, k.Path(c.namespace), url.Values{"limit": {"1"}}, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json")
	if err != nil {
		return 0, err
	}
	defer body.Close()
	var list struct {
		Metadata struct {
			RemainingItemCount int `json:"remainingItemCount"`
		} `json:"metadata"`
		Items []struct{} `json:"items"`
	}
	if err := json.NewDecoder(body).Decode(&list); err != nil {
		return 0, fmt.Errorf("counting %s: %w", k.ID(), err)
	}
	return len(list.Items) + list.Metadata.RemainingItemCount, nil
}

// wait waits until no request is under way.
func (c *counter) wait() { _ = c.requests.Wait() } // requests return no errors
