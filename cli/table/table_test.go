package table_test

import (
	"strings"
	"testing"
	"time"

	"pilothouse/cli/table"
	"pilothouse/explorer/tree"
)

func TestColumnsAreAsWideAsKubectlMakesThem(t *testing.T) {
	var out strings.Builder
	w := table.NewWriter(&out)
	if err := w.Write(
		[]string{"NAME", "READY", "STATUS"},
		[]string{"web-5d8f", "1/1", "Running"},
		[]string{"ü", "", "Pending"},
	); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"NAME       READY   STATUS\n" +
		"web-5d8f   1/1     Running\n" +
		"ü                  Pending\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestRowsOfAWatchStandBelowTheFirstOnes(t *testing.T) {
	var out strings.Builder
	w := table.NewWriter(&out)
	for _, row := range [][]string{{"NAME", "READY"}, {"a", "1/1"}, {"a-long-name", "1/1"}, {"b", "0/1"}} {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	want := "" +
		"NAME   READY\n" +
		"a      1/1\n" +
		"a-long-name   1/1\n" +
		"b             0/1\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestLayoutChoosesColumnsAndFillsDurations(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	columns := []tree.Column{
		{Name: "Name", Type: "string"},
		{Name: "Restarts", Type: "string"},
		{Name: "Age", Type: "time"},
		{Name: "Node", Type: "string", Wide: true},
	}
	row := tree.Row{
		Object: &tree.ObjectRef{Namespace: "shop"},
		Cells:  []string{"web", "4 ({} ago)", "{}", "node-1"},
		Times:  map[int]int64{1: now.Unix() - 150, 2: now.Unix() - 3*24*3600},
	}
	tests := []struct {
		name   string
		layout table.Layout
		header string
		cells  string
	}{
		{"narrow", table.Layout{}, "NAME|RESTARTS|AGE", "web|4 (2m30s ago)|3d"},
		{"wide", table.Layout{Wide: true}, "NAME|RESTARTS|AGE|NODE", "web|4 (2m30s ago)|3d|node-1"},
		{"all namespaces", table.Layout{Namespace: true}, "NAMESPACE|NAME|RESTARTS|AGE", "shop|web|4 (2m30s ago)|3d"},
		{"several kinds", table.Layout{Prefix: "pod/"}, "NAME|RESTARTS|AGE", "pod/web|4 (2m30s ago)|3d"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.layout.Columns = columns
			if got := strings.Join(test.layout.Header(), "|"); got != test.header {
				t.Errorf("header %q, want %q", got, test.header)
			}
			if got := strings.Join(test.layout.Cells(row, now), "|"); got != test.cells {
				t.Errorf("cells %q, want %q", got, test.cells)
			}
		})
	}
}

func TestTextOfAClusterCannotSteerTheTerminal(t *testing.T) {
	tests := map[string]string{
		"plain ✓":           "plain ✓",
		"\x1b[2Jgone":       "^[[2Jgone",
		"first\nsecond":     "first...",
		"a\tb":              "a b",
		"bell\a and \u009b": "bell\\x07 and \\x9b",
	}
	for text, want := range tests {
		if got := table.Printable(text); got != want {
			t.Errorf("Printable(%q) = %q, want %q", text, got, want)
		}
	}
}
