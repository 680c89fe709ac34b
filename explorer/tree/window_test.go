package tree

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unique"

	"pilothouse/explorer/cluster"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// window is what a front-end does with pages and changes, as docs/clients.md tells it.
type window struct {
	t    *testing.T
	seq  uint64
	rows []Row
}

func (w *window) page(p Page) {
	w.seq, w.rows = p.Seq, slices.Clone(p.Rows)
}

func (w *window) change(c Change) {
	w.t.Helper()
	if c.Seq != w.seq+1 {
		w.t.Fatalf("change %d follows %d", c.Seq, w.seq)
	}
	w.seq = c.Seq
	if c.Reset != nil {
		w.page(*c.Reset)
		return
	}
	for _, op := range c.Ops {
		w.rows = slices.DeleteFunc(w.rows, func(r Row) bool { return r.ID == op.ID })
		if op.Row != nil {
			if op.Index > len(w.rows) {
				w.t.Fatalf("op puts %s at %d of %d rows", op.ID, op.Index, len(w.rows))
			}
			w.rows = slices.Insert(w.rows, op.Index, *op.Row)
		}
	}
}

func podRow(namespace, name, status string, restarts int) *row {
	table := podTable()
	cells := []string{name, "1/1", status, fmt.Sprint(restarts), timeMark}
	if status != "Running" {
		cells[1] = "0/1"
	}
	return &row{
		text:      strings.Join(cells, "\x00") + "\x00" + name,
		namespace: unique.Make(namespace),
		created:   1_700_000_000,
		status:    int16(table.judge.status),
		health:    table.judge.read(cells, cells[table.judge.status]),
	}
}

func podTable() *table {
	return newTable("pods", []definition{{Name: "Name"}, {Name: "Ready"}, {Name: "Status"}, {Name: "Restarts"}, {Name: "Age"}})
}

func podList() *list {
	l := newList(nil, "pods")
	l.table = podTable()
	l.setKind(cluster.Kind{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true})
	return l
}

// Whatever happens in a list, a reader that applies the changes holds exactly the rows
// that a reader would get who asks anew.
func TestReaderThatAppliesChangesHoldsTheWindow(t *testing.T) {
	queries := map[string]Query{
		"whole":                        {Limit: -1},
		"window smaller than the list": {Limit: 7},
		"window of one":                {Limit: 1},
		"filtered by health":           {Limit: 5, Filter: Filter{Status: "bad"}},
		"filtered by name":             {Limit: 9, Filter: Filter{Name: "1"}},
		"sorted by restarts":           {Limit: 6, Sort: Sort{Column: "restarts", Descending: true}},
		"sorted by status":             {Limit: 30, Sort: Sort{Column: "Status"}},
	}
	statuses := []string{"Running", "Pending", "CrashLoopBackOff", "Completed"}
	for name, q := range queries {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			l := podList()
			tree := New(t.Context(), nil, nil)
			node, err := parseID(KindID("c", "", "pods"))
			if err != nil {
				t.Fatal(err)
			}
			reader := newView(tree, "1", q, node, l, all, func() {})
			l.setState(StateLive, nil)
			w := &window{t: t}
			w.page(reader.Page())
			for step := range 300 {
				for range random.IntN(6) {
					namespace, name := fmt.Sprintf("ns-%d", random.IntN(3)), fmt.Sprintf("pod-%02d", random.IntN(25))
					if random.IntN(3) == 0 {
						l.remove(rowKey{unique.Make(namespace), name})
					} else {
						l.put(podRow(namespace, name, statuses[random.IntN(len(statuses))], random.IntN(12)))
					}
				}
				if random.IntN(50) == 0 && q.Limit > 0 {
					q.Limit = 1 + random.IntN(40)
					reader.SetLimit(q.Limit)
				}
				if random.IntN(200) == 0 {
					reader.Page() // a resync that the reader then uses
					w.page(reader.Page())
				}
				for {
					c, ready, _ := reader.take()
					if !ready {
						break
					}
					w.change(c)
				}
				fresh := newView(tree, "2", q, node, l, all, func() {})
				want := fresh.Page()
				fresh.Close()
				if diff := cmp.Diff(want.Rows, w.rows); diff != "" {
					t.Fatalf("after step %d the reader's rows differ (-want +got):\n%s", step, diff)
				}
				if want.Total != len(reader.order) {
					t.Fatalf("after step %d the total is %d, want %d", step, len(reader.order), want.Total)
				}
			}
			reader.Close()
		})
	}
}

// A reader that never reads costs its view no more than a bounded set of rows.
func TestManyChangesBecomeOnePage(t *testing.T) {
	l := podList()
	tree := New(t.Context(), nil, nil)
	node, _ := parseID(KindID("c", "", "pods"))
	v := newView(tree, "1", Query{Limit: 10}, node, l, all, func() {})
	v.Page()
	l.setState(StateLive, nil)
	for i := range 3 * manyChanges {
		l.put(podRow("default", fmt.Sprintf("pod-%05d", i), "Running", 0))
		if len(v.dirty) > manyChanges {
			t.Fatalf("%d changes wait for the reader", len(v.dirty))
		}
	}
	c, ready, _ := v.take()
	if !ready || c.Reset == nil || len(c.Reset.Rows) != 10 || c.Total != 3*manyChanges {
		t.Fatalf("got %+v, want one page of 10 rows of %d", c, 3*manyChanges)
	}
}

// An object that was deleted and made again under its name while nobody watched is there
// after the list was read anew, whenever the reader looks.
func TestRecreatedObjectStays(t *testing.T) {
	l := podList()
	tree := New(t.Context(), nil, nil)
	node, _ := parseID(KindID("c", "", "pods"))
	v := newView(tree, "1", Query{}, node, l, all, func() {})
	first, second := podRow("default", "web-0", "Running", 0), podRow("default", "web-0", "Pending", 0)
	first.uid, second.uid, second.pass = uuid.UUID{1}, uuid.UUID{2}, 1
	l.setState(StateLive, nil)
	l.put(first)
	w := &window{t: t}
	w.page(v.Page())
	for _, step := range []func(){func() { l.put(second) }, func() { l.keep(1) }} {
		step()
		if c, ready, _ := v.take(); ready {
			w.change(c)
		}
	}
	if len(w.rows) != 1 || w.rows[0].Status != "Pending" || w.rows[0].Object.UID != second.uidText() || len(v.order) != 1 {
		t.Fatalf("rows are %+v, want the second web-0", w.rows)
	}
}

// An object that changes its owner in nothing but that leaves one list of children for another.
func TestAdoptedObjectIsShownBelowItsOwner(t *testing.T) {
	l := podList()
	tree := New(t.Context(), nil, nil)
	node, _ := parseID(KindID("c", "", "pods"))
	owner := unique.Make("ReplicaSet.apps:web")
	v := newView(tree, "1", Query{}, node, l, func(r *row) bool { return r.owner == owner }, func() {})
	l.setState(StateLive, nil)
	l.put(podRow("default", "web-0", "Running", 0))
	w := &window{t: t}
	w.page(v.Page())
	adopted := podRow("default", "web-0", "Running", 0)
	adopted.owner = owner
	l.put(adopted)
	if c, ready, _ := v.take(); ready {
		w.change(c)
	}
	if len(w.rows) != 1 {
		t.Fatalf("rows are %+v, want the adopted pod", w.rows)
	}
}

// A kind that is served in another version names it in every row.
func TestRowsNameTheVersionServed(t *testing.T) {
	l := podList()
	node, _ := parseID(KindID("c", "", "pods"))
	v := newView(New(t.Context(), nil, nil), "1", Query{}, node, l, all, func() {})
	l.setState(StateLive, nil)
	l.put(podRow("default", "web-0", "Running", 0))
	w := &window{t: t}
	w.page(v.Page())
	kind := l.kind
	kind.Version = "v2"
	l.setKind(kind)
	l.put(podRow("default", "web-0", "Running", 0))
	c, _, _ := v.take()
	w.change(c)
	if got := w.rows[0].Object.Version; got != "v2" {
		t.Errorf("the row names version %s, want v2", got)
	}
}

// A reader is woken once for whatever happens before it looks, and again afterwards.
func TestReaderIsWokenForEveryChangeThatItHasNotTaken(t *testing.T) {
	l := podList()
	node, _ := parseID(KindID("c", "", "pods"))
	v := newView(New(t.Context(), nil, nil), "1", Query{}, node, l, all, func() {})
	l.setState(StateLive, nil)
	v.Page()
	<-v.wake
	for round := range 3 {
		for i := range 2 * manyChanges {
			l.put(podRow("default", fmt.Sprintf("pod-%d", i), "Running", round))
		}
		select {
		case <-v.wake:
		default:
			t.Fatalf("round %d: the reader sleeps on", round)
		}
		if c, ready, _ := v.take(); !ready || c.Total != 2*manyChanges {
			t.Fatalf("round %d: got %v %+v", round, ready, c)
		}
	}
}

// A row tells its namespace where the node above it does not.
func TestRowsOfAllNamespacesTellTheirs(t *testing.T) {
	for id, want := range map[string]string{
		KindID("c", "", "pods"):               "shop",
		KindID("c", "shop", "pods"):           "",
		"c/nodes/nodes::worker":               "shop",
		"c/all/-/jobs/jobs.batch:shop:report": "",
	} {
		l := podList()
		node, err := parseID(id)
		if err != nil {
			t.Fatal(err)
		}
		v := newView(New(t.Context(), nil, nil), "1", Query{}, node, l, all, func() {})
		l.put(podRow("shop", "web-0", "Running", 0))
		if got := v.Page().Rows[0].Description; got != want {
			t.Errorf("below %s the description is %q, want %q", id, got, want)
		}
	}
}

// Namespaces that stand in for those that may not be listed have the ids of these: when the
// ones take the place of the others, the reader holds each once.
func TestStandInsTakeThePlaceOfNamespacesAndGiveItBack(t *testing.T) {
	for range 50 { // the order of steps is that of a map
		l := newList([]definition{{Name: "Name"}, {Name: "Status"}}, "namespaces")
		l.setKind(cluster.Kind{Version: "v1", Resource: "namespaces", Kind: "Namespace"})
		node, err := parseID("c/namespaces")
		if err != nil {
			t.Fatal(err)
		}
		v := newView(New(t.Context(), nil, nil), "1", Query{}, node, l, all, func() {})
		names := []string{"default", "kube-system", "shop"}
		namespace := func(name string) *row {
			return &row{text: name + "\x00Active\x00" + name, status: 1}
		}
		w := &window{t: t}
		check := func() {
			t.Helper()
			for {
				c, ready, _ := v.take()
				if !ready {
					break
				}
				w.change(c)
			}
			fresh := newView(v.tree, "2", Query{}, node, l, all, func() {})
			defer fresh.Close()
			if diff := cmp.Diff(fresh.Page().Rows, w.rows); diff != "" {
				t.Fatalf("the reader's rows differ (-want +got):\n%s", diff)
			}
		}
		l.setState(StateLive, nil)
		for _, name := range names {
			l.put(namespace(name))
		}
		w.page(v.Page())
		l.replace([]Row{
			{ID: NamespaceID("c", "shop"), Type: NodeNamespace, Name: "shop"},
			{ID: NamespaceID("c", "default"), Type: NodeNamespace, Name: "default"},
			{ID: "c/namespaces/message", Type: NodeMessage, Name: "you may not"},
		})
		check()
		for _, name := range names {
			r := namespace(name)
			r.pass = 7
			l.put(r)
			check()
		}
		l.keep(7)
		check()
		v.Close()
	}
}
