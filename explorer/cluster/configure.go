package cluster

import (
	"context"
	"crypto/sha256"
	"reflect"
	"slices"
	"time"

	"pilothouse/explorer/problem"
)

// configure takes what the files say now; e is nil when they no longer define the
// context. Connections made by what they said before are cut. It tells whether
// the listeners are to be called.
func (c *Cluster) configure(e *entry) (changed bool) {
	var digest [sha256.Size]byte
	if e != nil {
		digest = e.digest()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.entry
	c.entry = e
	if e == nil {
		if before != nil {
			c.rewire(contextUnknown(c.id))
			c.enter(StateGone, contextUnknown(c.id))
		}
		return before != nil
	}
	changed = before == nil || !reflect.DeepEqual(c.context, e.context) || !slices.Equal(before.namespaces, e.namespaces)
	c.context = e.context
	if before != nil && before.connectsAs(e) && c.credential == digest {
		return changed
	}
	c.credential = digest
	c.rewire(configurationChanged(c.id))
	if before != nil && !reflect.DeepEqual(before.cluster(), e.cluster()) {
		c.kinds, c.status.Version = nil, ""
	}
	switch {
	case e.problem != nil:
		c.enter(StateInvalid, e.problem)
	case c.holders > 0:
		c.enter(StateConnecting, nil)
	default:
		c.enter(StateIdle, nil)
	}
	c.keeper.signal()
	return true
}

// connectsAs tells whether two entries lead to the same server as the same user.
func (e *entry) connectsAs(other *entry) bool {
	return reflect.DeepEqual(e.cluster(), other.cluster()) && reflect.DeepEqual(e.user(), other.user()) &&
		sameProblem(e.problem, other.problem)
}

// rewire cuts all connections because of cause and forgets what was learnt over
// them about the user. mu is held.
func (c *Cluster) rewire(cause error) {
	c.wire.cut(cause)
	c.wire = newWire(c.workers.ctx, c.settings.timing)
	c.connecting, c.discovery = nil, nil
	c.answered = time.Time{}
	clear(c.reviews)
}

func configurationChanged(id string) *problem.Error {
	return &problem.Error{
		Code:    problem.Gone,
		Message: "the kubeconfig changed how to connect to " + id,
		Tried:   "keeping the connection to " + id,
	}
}

// close cuts the connections. The workers have ended.
func (c *Cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire.cut(context.Canceled)
}
