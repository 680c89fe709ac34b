package outline_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pilothouse/cli/outline"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Unix(1_000_000, 0)

func TestOutlineReadsAsTheGoldenFilesShow(t *testing.T) {
	tests := map[string]struct {
		root    *outline.Node
		options outline.Options
	}{
		"plain":  {namespace(), outline.Options{}},
		"color":  {namespace(), outline.Options{Color: true}},
		"wide":   {namespace(), outline.Options{Wide: true}},
		"narrow": {namespace(), outline.Options{Width: 32}},
		"states": {states(), outline.Options{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.options.Now = now
			got := strings.Join(outline.Lines(test.root, test.options), "\n") + "\n"
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// namespace is a namespace with a Deployment that rolls out, its pods, and a ConfigMap.
func namespace() *outline.Node {
	pods := []tree.Column{
		{Name: "Name"}, {Name: "Ready"}, {Name: "Status"}, {Name: "Restarts"}, {Name: "Age", Type: "time"}, {Name: "Node", Wide: true},
	}
	web := object("web", tree.HealthProgress, "1/2", "2", "{}")
	web.Row.Times = map[int]int64{3: now.Unix() - 600}
	good := object("web-5d8f9c-7xk2p", tree.HealthGood, "1/1", "Running", "0", "{}", "node-1")
	good.Row.Times = map[int]int64{4: now.Unix() - 600}
	bad := object("web-5d8f9c-m4qzt", tree.HealthBad, "0/1", "CrashLoopBackOff", "4 ({} ago)", "{}", "node-2")
	bad.Row.Times = map[int]int64{3: now.Unix() - 42, 4: now.Unix() - 600}
	web.Expanded = expansion(pods, good, bad)

	return heading("kind-dev › shop", expansion(nil,
		folder("Workloads", expansion(nil,
			kind("Deployments", tree.HealthProgress, 1, expansion(
				[]tree.Column{{Name: "Name"}, {Name: "Ready"}, {Name: "Up-to-date"}, {Name: "Age", Type: "time"}}, web)),
			kind("Jobs", tree.HealthUnknown, 0, nil),
		)),
		folder("Configuration", expansion(nil,
			kind("ConfigMaps", tree.HealthUnknown, 120, &outline.Expansion{
				State: tree.StateLive, Hidden: 119, Columns: []tree.Column{{Name: "Name"}, {Name: "Data"}},
				Children: []*outline.Node{object("web-page\x1b[2J", tree.HealthUnknown, "1")},
			}),
		)),
	))
}

// states is what stands where rows are missing.
func states() *outline.Node {
	unreachable := &problem.Detail{Code: "unreachable", Message: "the API server of prod does not answer"}
	failed := node(tree.Row{Type: tree.NodeContext, Name: "prod", Health: tree.HealthBad, Problem: unreachable})
	failed.Expanded = &outline.Expansion{State: tree.StateFailed, Problem: unreachable}
	loading := folder("Network", &outline.Expansion{State: tree.StateLoading})
	lost := kind("Pods", tree.HealthWarning, 1, &outline.Expansion{State: tree.StateReconnecting, Children: []*outline.Node{object("web", tree.HealthGood)}})
	empty := folder("Storage", expansion(nil))
	message := node(tree.Row{Type: tree.NodeMessage, Name: "you may not list nodes", Description: "you may not list nodes"})
	described := node(tree.Row{Type: tree.NodeFolder, Name: "Overview", Description: "v1.36.3, 2 nodes"})
	return heading("contexts", expansion(nil, failed, loading, lost, empty, message, described))
}

func heading(name string, e *outline.Expansion) *outline.Node {
	return &outline.Node{Row: tree.Row{Name: name}, Expanded: e}
}

func folder(name string, e *outline.Expansion) *outline.Node {
	return &outline.Node{Row: tree.Row{Type: tree.NodeFolder, Name: name}, Expanded: e}
}

func kind(name string, health tree.Health, count int, e *outline.Expansion) *outline.Node {
	return &outline.Node{Row: tree.Row{Type: tree.NodeKind, Name: name, Health: health, Count: &count}, Expanded: e}
}

func object(name string, health tree.Health, cells ...string) *outline.Node {
	return node(tree.Row{
		Type: tree.NodeObject, Name: name, Health: health, Object: &tree.ObjectRef{Name: name},
		Cells: append([]string{name}, cells...),
	})
}

func node(row tree.Row) *outline.Node { return &outline.Node{Row: row} }

func expansion(columns []tree.Column, children ...*outline.Node) *outline.Expansion {
	return &outline.Expansion{Columns: columns, State: tree.StateLive, Children: children}
}
