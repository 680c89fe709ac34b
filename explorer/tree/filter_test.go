package tree

import (
	"slices"
	"testing"
)

// sorted gives the rows' names in the order of a view sorted by a column.
func sorted(columns []Column, column string, rows []*row) (names []string) {
	slices.SortFunc(rows, newSorter(columns, Sort{Column: column}))
	for _, r := range rows {
		names = append(names, r.name())
	}
	return names
}

// A count that also tells when is sorted by the count: two moments tell nothing of it, and an
// order in which some pairs go by one and some by the other is none.
func TestRestartsAreSortedByTheirNumber(t *testing.T) {
	restarted := func(name, cell string, at ...int64) *row {
		r := &row{text: name + "\x00" + cell + "\x00" + name}
		for _, unix := range at {
			r.times = append(r.times, cellTime{cell: 1, unix: unix})
		}
		return r
	}
	columns := []Column{{Name: "Name"}, {Name: "Restarts"}}
	got := sorted(columns, "Restarts", []*row{
		restarted("d", "10 ({} ago)", 9000), restarted("b", "3 ({} ago)", 1000), restarted("c", "5"), restarted("a", "0"),
	})
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("the order is %q, want %q", got, want)
	}
}

func TestMomentsAreSortedLatestFirst(t *testing.T) {
	seen := func(name, cell string, at ...int64) *row {
		r := &row{text: cell + "\x00" + name}
		for _, unix := range at {
			r.times = append(r.times, cellTime{unix: unix})
		}
		return r
	}
	got := sorted([]Column{{Name: "Last Seen"}}, "last seen", []*row{
		seen("old", timeMark, 1000), seen("never", "<unknown>"), seen("new", timeMark, 2000),
	})
	if want := []string{"never", "new", "old"}; !slices.Equal(got, want) {
		t.Errorf("the order is %q, want %q", got, want)
	}
}

// Rows that come from no table have cells, too; sentences stay below them.
func TestContainersAreSortedByAColumn(t *testing.T) {
	var columns []Column
	for _, d := range containerColumns() {
		columns = append(columns, Column{Name: d.Name})
	}
	container := func(name, restarts string, position int) *row {
		return specialRow(Row{ID: name, Type: NodeContainer, Name: name, Cells: []string{name, "true", "Running", restarts, timeMark}, Times: map[int]int64{4: int64(position)}}, position)
	}
	rows := func() []*row {
		return []*row{container("a", "7", 1), specialRow(Row{ID: "m", Type: NodeMessage, Name: "m"}, last), container("b", "0", 2)}
	}
	if got, want := sorted(columns, "Restarts", rows()), []string{"b", "a", "m"}; !slices.Equal(got, want) {
		t.Errorf("by restarts the order is %q, want %q", got, want)
	}
	if got, want := sorted(columns, "Age", rows()), []string{"b", "a", "m"}; !slices.Equal(got, want) {
		t.Errorf("by age the order is %q, want %q", got, want)
	}
}
