package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

func podPage(names ...string) tree.Page {
	page := tree.Page{Columns: []tree.Column{{Name: "Name"}, {Name: "Status"}, {Name: "Node", Wide: true}}}
	for _, name := range names {
		page.Rows = append(page.Rows, podRow(name, "Running"))
	}
	return page
}

func podRow(name, status string) tree.Row {
	return tree.Row{
		ID: "pod:" + name, Type: tree.NodeObject, Name: name, Cells: []string{name, status, "node-1"},
		Object: &tree.ObjectRef{Context: "dev", Version: "v1", Resource: "pods", Kind: "Pod", Namespace: "shop", Name: name},
	}
}

func TestGetPrintsWhatKubectlPrints(t *testing.T) {
	inShop, everywhere := tree.KindID("dev", "shop", pods.ID()), tree.KindID("dev", "", pods.ID())
	tests := []struct {
		args        string
		code        int
		out, errOut string
	}{
		{args: "get pods", out: "NAME   STATUS\na      Running\nb      Running\n"},
		{args: "get po a", out: "NAME   STATUS\na      Running\n"},
		{args: "get pods/a", out: "NAME   STATUS\na      Running\n"},
		{args: "get pods -o wide", out: "NAME   STATUS    NODE\na      Running   node-1\nb      Running   node-1\n"},
		{args: "get pods --no-headers", out: "a     Running\nb     Running\n"},
		{args: "get pods -o name", out: "pod/a\npod/b\n"},
		{args: "get pods -A", out: "NAMESPACE   NAME   STATUS\nshop        a      Running\n"},
		{args: "get all", out: "NAME    STATUS\npod/a   Running\npod/b   Running\n\nNAME                  READY\ndeployment.apps/web   2/2\n"},
		{args: "get deployments -n empty", errOut: "No resources found in empty namespace.\n"},
		{args: "get nodes", errOut: "No resources found\n"},
		{
			args: "get pods a gone", code: 1, out: "NAME   STATUS\na      Running\n",
			errOut: "error: pods \"gone\" not found in namespace shop of dev\n",
		},
		{args: "get ghosts", code: 1, errOut: "error: no kind is called \"ghosts\"\n"},
		{
			args: "get pods/a b", code: 1,
			errOut: "error: \"b\" is not KIND/NAME, as \"pods/a\" is\n  try: pilothouse get KIND NAME NAME\n  try: pilothouse get KIND/NAME KIND/NAME\n",
		},
		{args: "get", code: 1, errOut: "error: requires at least 1 arg(s), only received 0\n  try: pilothouse get --help\n"},
		{args: "get pods -o xml", code: 1, errOut: "error: invalid argument \"xml\" for \"-o, --output\" flag: choose one of table, wide, json, name\n  try: pilothouse get --help\n"},
		{
			args: "get pods -o json --watch", code: 1,
			errOut: "error: --watch prints text\n  try: leave out -o json\n  try: pilothouse serve --stdio, which sends every change as JSON\n",
		},
		{args: "get all --watch", code: 1, errOut: "error: --watch takes one kind, with one name or none\n"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			f := newFixture(t)
			f.node(inShop, podPage("a", "b"))
			f.node(everywhere, podPage("a"))
			f.node(tree.KindID("dev", "shop", deployments.ID()), tree.Page{
				Columns: []tree.Column{{Name: "Name"}, {Name: "Ready"}},
				Rows:    []tree.Row{{ID: "web", Name: "web", Cells: []string{"web", "2/2"}}},
			})
			f.run(t, strings.Fields(test.args)...).expect(t, test.code, test.out, test.errOut)
		})
	}
}

func TestGetLetsTheAPIServerSelect(t *testing.T) {
	f := newFixture(t)
	f.run(t, "get", "pods", "a", "-l", "app=web", "--field-selector", "spec.nodeName=n", "--sort-by", ".metadata.creationTimestamp")
	want := tree.Query{
		Node: tree.KindID("dev", "shop", "pods"), Limit: -1,
		Filter: tree.Filter{Labels: "app=web", Fields: "metadata.name=a,spec.nodeName=n"},
		Sort:   tree.Sort{Column: "Age", Descending: true},
	}
	if len(f.queries) != 1 || f.queries[0] != want {
		t.Errorf("asked %+v, want %+v", f.queries, want)
	}
}

func TestGetPrintsRowsAsJSON(t *testing.T) {
	f := newFixture(t)
	f.node(tree.KindID("dev", "shop", "pods"), podPage("a"))
	r := f.run(t, "get", "pods", "-o", "json")
	var kinds []struct {
		Kind string
		Rows []tree.Row
	}
	if err := json.Unmarshal([]byte(r.out), &kinds); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if len(kinds) != 1 || kinds[0].Kind != "pods" || len(kinds[0].Rows) != 1 || kinds[0].Rows[0].Object.Name != "a" {
		t.Errorf("got %s", r.out)
	}
}

func TestGetWaitsForTheWholeList(t *testing.T) {
	f := newFixture(t)
	id := tree.KindID("dev", "shop", "pods")
	page := podPage("a")
	page.State = tree.StateLoading
	f.node(id, page)

	var out, errOut lockedBuffer
	ended := make(chan int, 1)
	go func() { ended <- f.start(t.Context(), &out, &errOut, "get", "pods") }()
	row := podRow("b", "Pending")
	v := f.awaitView(t, id)
	v.changes <- tree.Change{Ops: []tree.Op{{ID: row.ID, Index: 1, Row: &row}}, State: tree.StateLive}

	result{<-ended, out.String(), errOut.String()}.expect(t, 0, "NAME   STATUS\na      Running\nb      Pending\n", "")
}

// awaitView waits until the daemon has asked the view of a node for its first change.
func (f *fixture) awaitView(t *testing.T, node string) *fakeView {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		if v := f.view(node); v != nil {
			return v
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal("nobody opened a view of " + node)
		}
	}
}

func TestGetTellsWhyAKindCannotBeListed(t *testing.T) {
	f := newFixture(t)
	f.node(tree.KindID("dev", "shop", "pods"), tree.Page{State: tree.StateFailed, Problem: &problem.Detail{
		Code: "forbidden", Message: "you may not list pods in shop", Cause: "pods is forbidden",
		Tried: "GET /api/v1/namespaces/shop/pods", Suggestions: []string{"ask for the role view"},
	}})
	f.run(t, "get", "pods").expect(t, 1, "", "error: you may not list pods in shop\n"+
		"  cause: pods is forbidden\n  tried: GET /api/v1/namespaces/shop/pods\n  try: ask for the role view\n")
}

func TestGetGivesUpAfterTheRequestTimeout(t *testing.T) {
	f := newFixture(t)
	f.node(tree.KindID("dev", "shop", "pods"), tree.Page{State: tree.StateLoading})
	f.run(t, "get", "pods", "--request-timeout", "100ms").expect(t, 1, "",
		"error: no complete answer within 100ms\n  try: a longer --request-timeout\n  try: pilothouse doctor\n")
}

func TestGetWatchPrintsChangedRowsUntilInterrupted(t *testing.T) {
	f := newFixture(t)
	id := tree.KindID("dev", "shop", "pods")
	f.node(id, podPage("a"))

	ctx, interrupt := context.WithCancel(t.Context())
	var out, errOut lockedBuffer
	ended := make(chan int, 1)
	go func() { ended <- f.start(ctx, &out, &errOut, "get", "pods", "--watch") }()

	out.await(t, "a      Running\n")
	v := f.view(id)
	row := podRow("a-longer-name", "Pending")
	v.changes <- tree.Change{Ops: []tree.Op{{ID: row.ID, Index: 1, Row: &row}}}
	out.await(t, "a-longer-name   Pending\n")
	v.changes <- tree.Change{Ops: []tree.Op{{ID: "pod:a"}}}
	out.await(t, "a               Running\n")

	interrupt()
	result{<-ended, out.String(), errOut.String()}.expect(t, 130,
		"NAME   STATUS\na      Running\na-longer-name   Pending\na               Running\n", "")
}
