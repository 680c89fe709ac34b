package cli

import (
	"context"
	"encoding/json"
	"regexp"
	"testing"

	"pilothouse/cli/outline"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

// shop makes a namespace with pods, and kinds without objects.
func (f *fixture) shop() (namespace, workloads, podKind string) {
	namespace = tree.NamespaceID("dev", "shop")
	workloads, podKind = namespace+"/workloads", namespace+"/workloads/pods"
	one, none := 1, 0
	f.node(namespace, tree.Page{Rows: []tree.Row{
		{ID: workloads, Type: tree.NodeFolder, Name: "Workloads", Expandable: true},
		{ID: namespace + "/batch", Type: tree.NodeFolder, Name: "Batch", Expandable: true},
	}})
	f.node(workloads, tree.Page{Rows: []tree.Row{
		{ID: podKind, Type: tree.NodeKind, Kind: "pods", Name: "Pods", Count: &one, Expandable: true, Health: tree.HealthGood},
		{ID: workloads + "/sets", Type: tree.NodeKind, Name: "StatefulSets", Count: &none, Expandable: true},
	}})
	f.node(namespace+"/batch", tree.Page{Rows: []tree.Row{
		{ID: namespace + "/batch/jobs", Type: tree.NodeKind, Name: "Jobs", Count: &none, Expandable: true},
	}})
	f.node(podKind, podPage("a"))
	return namespace, workloads, podKind
}

func TestTreeShowsTheWorkingNamespace(t *testing.T) {
	f := newFixture(t)
	f.shop()
	f.run(t, "tree").expect(t, 0, ""+
		"dev › shop\n"+
		"└─ Workloads\n"+
		"   └─ Pods (1)   STATUS\n"+
		"      └─ a       Running\n", "")
	f.run(t, "tree", "--all", "--depth", "2").expect(t, 0, ""+
		"dev › shop\n"+
		"├─ Workloads\n"+
		"│  ├─ Pods (1)\n"+
		"│  └─ StatefulSets (0)\n"+
		"└─ Batch\n"+
		"   └─ Jobs (0)\n", "")
	f.run(t, "tree", "-o", "wide", "dev/shop").expect(t, 0, ""+
		"dev › shop\n"+
		"└─ Workloads\n"+
		"   └─ Pods (1)   STATUS    NODE\n"+
		"      └─ a       Running   node-1\n", "")
}

func TestTreeStartsWhereItIsTold(t *testing.T) {
	f := newFixture(t)
	_, _, podKind := f.shop()
	f.contexts = append(f.contexts, f.contexts[0])
	f.contexts[1].ID = "dev/eu" // a context's name may have slashes
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"tree", "/"}, ""},
		{[]string{"tree", "dev"}, tree.ContextID("dev")},
		{[]string{"tree", "dev/eu"}, tree.ContextID("dev/eu")},
		{[]string{"tree", "dev/eu/shop"}, tree.NamespaceID("dev/eu", "shop")},
		{[]string{"tree", "dev/shop/po"}, tree.KindID("dev", "shop", "pods")},
		{[]string{"tree", "dev/shop/nodes"}, tree.KindID("dev", "", "nodes")},
		{[]string{"tree", "--node", podKind}, podKind},
		{[]string{"tree", "-n", "cellar"}, tree.NamespaceID("dev", "cellar")},
	}
	for _, test := range tests {
		f.queries = nil
		if r := f.run(t, test.args...); r.code != 0 {
			t.Errorf("%v: %s", test.args, r.errOut)
		} else if f.queries[0].Node != test.want {
			t.Errorf("%v started at %q, want %q", test.args, f.queries[0].Node, test.want)
		}
	}
	f.run(t, "tree", "nope/shop").expect(t, 1, "",
		"error: \"nope/shop\" begins with no context\n  try: pilothouse contexts\n  try: pilothouse tree CONTEXT/NAMESPACE\n")
}

func TestTreeThatCannotBeShownFails(t *testing.T) {
	f := newFixture(t)
	f.node(tree.NamespaceID("dev", "shop"), tree.Page{State: tree.StateFailed, Problem: &problem.Detail{
		Code: "unreachable", Message: "the API server of dev does not answer", Suggestions: []string{"start the cluster"},
	}})
	f.run(t, "tree").expect(t, 1, "", "error: the API server of dev does not answer\n  try: start the cluster\n")
}

func TestTreeListsNothingBelowItsDepth(t *testing.T) {
	f := newFixture(t)
	_, _, podKind := f.shop()
	f.run(t, "tree", "--depth", "2")
	for _, q := range f.queries {
		if q.Node == podKind {
			t.Error("pods were listed, though only their kind is shown")
		}
	}
}

func TestTreeAsJSONHoldsTheRows(t *testing.T) {
	f := newFixture(t)
	_, _, podKind := f.shop()
	r := f.run(t, "tree", "-o", "json")
	var root outline.Node
	if err := json.Unmarshal([]byte(r.out), &root); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if kind := root.Expanded.Children[0].Expanded.Children[0]; kind.Row.ID != podKind || kind.Expanded.Children[0].Row.Name != "a" {
		t.Errorf("got %s", r.out)
	}
}

func TestTreeWatchPrintsALineAChangeOnAPipe(t *testing.T) {
	f := newFixture(t)
	_, workloads, podKind := f.shop()
	ctx, interrupt := context.WithCancel(t.Context())
	var out, errOut lockedBuffer
	ended := make(chan int, 1)
	go func() { ended <- f.start(ctx, &out, &errOut, "tree", "--watch") }()

	out.await(t, "└─ a       Running\n")
	b := podRow("b", "Pending")
	f.view(podKind).changes <- tree.Change{Ops: []tree.Op{{ID: b.ID, Index: 1, Row: &b}}}
	out.await(t, "added    Workloads › Pods › b  Pending\n")

	f.view(podKind).changes <- tree.Change{Ops: []tree.Op{{ID: "pod:a"}}}
	out.await(t, "removed  Workloads › Pods › a  Running\n")

	// A kind that gets its first object is expanded.
	sets, one := workloads+"/sets", 1
	f.mu.Lock()
	f.node(sets, tree.Page{Columns: []tree.Column{{Name: "Name"}, {Name: "Ready"}}, Rows: []tree.Row{{ID: "db", Name: "db", Cells: []string{"db", "0/1"}}}})
	f.mu.Unlock()
	f.view(workloads).changes <- tree.Change{Ops: []tree.Op{{ID: sets, Index: 1, Row: &tree.Row{
		ID: sets, Type: tree.NodeKind, Name: "StatefulSets", Count: &one, Health: tree.HealthProgress, Expandable: true,
	}}}}
	out.await(t, "changed  Workloads › StatefulSets  (1)  progress\n")
	out.await(t, "added    Workloads › StatefulSets › db  0/1\n")

	interrupt()
	if code := <-ended; code != 130 || errOut.String() != "" {
		t.Errorf("exit code %d, errors %q", code, errOut.String())
	}
	if !regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{3}  added  `).MatchString(out.String()) {
		t.Errorf("changes carry no time:\n%s", &out)
	}
}

func TestDrawingOverWhatWasDrawn(t *testing.T) {
	if got, want := over([]string{"a", "b"}, 0), "\ra\x1b[K\n\rb\x1b[K\n\x1b[J"; got != want {
		t.Errorf("first drawing %q, want %q", got, want)
	}
	if got, want := over([]string{"c"}, 2), "\x1b[2A\rc\x1b[K\n\x1b[J"; got != want {
		t.Errorf("second drawing %q, want %q", got, want)
	}
}

func TestDrawingFitsTheScreen(t *testing.T) {
	lines := []string{"1", "2", "3", "4"}
	if got := fit(lines, 4); len(got) != 4 {
		t.Errorf("lines that fit were cut: %q", got)
	}
	got := fit(lines, 3)
	if len(got) != 3 || got[1] != "2" || got[2] != "... 2 more lines; a larger window or a smaller --depth shows all" {
		t.Errorf("got %q", got)
	}
	if lines[2] != "3" {
		t.Error("the lines given were changed")
	}
}
