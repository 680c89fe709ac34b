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

// set tells the worst health below a node, rankUnknown to forget it, and gives the ids of
// the rows that look different now: the node's and those above it. It goes no further up
// than below the context, whose health is that of its cluster.
func (r *rollups) set(id string, worst healthRank) (changed []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.worst[id] != worst {
		changed = append(changed, id)
		r.worst[id] = worst
		if worst == rankUnknown {
			delete(r.worst, id)
		}
		parent := nodeID{text: id}.parent()
		if (nodeID{text: parent}).parent() == "" {
			break
		}
		worst = rankUnknown
		for other, rank := range r.worst {
			if (nodeID{text: other}).parent() == parent {
				worst = max(worst, rank)
			}
		}
		id = parent
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
