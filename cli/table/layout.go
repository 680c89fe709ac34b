package table

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"pilothouse/explorer/tree"
)

// Layout says which columns of a view are printed and what stands beside them.
type Layout struct {
	Columns []tree.Column
	// Wide also prints the columns that kubectl shows only with -o wide.
	Wide bool
	// Namespace puts the object's namespace before its row.
	Namespace bool
	// Prefix stands before every name, for example "pod/" when several kinds are printed.
	Prefix string
}

// Header gives the names of the printed columns.
func (l Layout) Header() []string {
	var header []string
	if l.Namespace {
		header = append(header, "NAMESPACE")
	}
	for _, column := range l.Columns {
		if l.shows(column) {
			header = append(header, strings.ToUpper(column.Name))
		}
	}
	return header
}

// Cells gives the printed cells of row as they read at now.
func (l Layout) Cells(row tree.Row, now time.Time) []string {
	var cells []string
	if l.Namespace {
		namespace := ""
		if row.Object != nil {
			namespace = row.Object.Namespace
		}
		cells = append(cells, namespace)
	}
	named := false
	for i, column := range l.Columns {
		if !l.shows(column) {
			continue
		}
		cell := Cell(row, i, now)
		if !named && strings.EqualFold(column.Name, "name") {
			cell, named = l.Prefix+cell, true
		}
		cells = append(cells, cell)
	}
	return cells
}

func (l Layout) shows(column tree.Column) bool {
	return l.Wide || !column.Wide
}

// Cell gives the text of one cell as it reads at now: the duration since its
// moment in place of "{}", safe to print. A row may have fewer cells than its
// view has columns; what is missing is empty.
func Cell(row tree.Row, index int, now time.Time) string {
	if index >= len(row.Cells) {
		return ""
	}
	cell := row.Cells[index]
	if since, ok := row.Times[index]; ok {
		cell = strings.Replace(cell, "{}", duration.HumanDuration(now.Sub(time.Unix(since, 0))), 1)
	}
	return Printable(cell)
}
