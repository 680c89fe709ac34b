package tree

import (
	"sync"
)

// rollups hold the worst health known below nodes that are being looked at, and below
// their parents.
type rollups struct {
	mu    sync.Mutex
	worst map[string]healthRank
}

func newRollups() *rollups { return &rollups{worst: map[string]healthRank{}} }

// of gives the worst health known below the node.
func (r *rollups) of(id string) healthRank {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.worst[id]
}

// set tells the worst health below a node, rankUnknown to forget it, and gives the ids
// of the rows that look different now: the node's and its parent's.
func (r *rollups) set(id string, worst healthRank) (changed []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	parent := nodeID{text: id}.parent()
	above := worst
	for other, rank := range r.worst {
		if other != id && (nodeID{text: other}).parent() == parent {
			above = max(above, rank)
		}
	}
	for _, change := range []struct {
		id   string
		rank healthRank
	}{{id, worst}, {parent, above}} {
		if r.worst[change.id] == change.rank {
			continue
		}
		changed = append(changed, change.id)
		if change.rank == rankUnknown {
			delete(r.worst, change.id)
		} else {
			r.worst[change.id] = change.rank
		}
	}
	return changed
}

// rollUp tells what is known of the health below a node to those who show it.
func (t *Tree) rollUp(id string, worst healthRank) {
	for _, id := range t.rollups.set(id, worst) {
		parent := nodeID{text: id}.parent()
		t.mu.Lock()
		var showing []*View
		for v := range t.views {
			if v.node.text == parent {
				showing = append(showing, v)
			}
		}
		t.mu.Unlock()
		for _, v := range showing {
			v.touch(id)
		}
	}
}
