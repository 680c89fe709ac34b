package outline

import (
	"strings"
	"unicode/utf8"

	"pilothouse/cli/table"
	"pilothouse/explorer/tree"
)

// block is how the rows of one expansion are aligned: names in one column,
// cells in the columns beside it.
type block struct {
	// nameWidth is the width of the widest label.
	nameWidth int
	labels    []text
	header    []string
	// cells and remarks stand beside the labels; a row has the ones or the other.
	cells   [][]string
	remarks []string
	widths  []int
}

// block measures the rows of e.
func (d *drawing) block(e *Expansion) block {
	shown := shownColumns(e.Columns, d.options.Wide)
	var b block
	for _, i := range shown {
		b.header = append(b.header, strings.ToUpper(e.Columns[i].Name))
	}
	hasCells := false
	for _, child := range e.Children {
		label := d.label(child)
		b.labels = append(b.labels, label)
		b.nameWidth = max(b.nameWidth, label.width)
		var cells []string
		if len(child.Row.Cells) > 0 {
			hasCells = true
			for _, i := range shown {
				cells = append(cells, table.Cell(child.Row, i, d.options.Now))
			}
		}
		b.cells = append(b.cells, cells)
		b.remarks = append(b.remarks, remark(child.Row))
	}
	if !hasCells {
		b.header = nil
	}
	for _, row := range append(b.cells, b.header) {
		for i, cell := range row {
			if i == len(b.widths) {
				b.widths = append(b.widths, 0)
			}
			b.widths[i] = max(b.widths[i], utf8.RuneCountInString(cell))
		}
	}
	return b
}

// shownColumns are the indices of the columns that stand beside a name.
func shownColumns(columns []tree.Column, wide bool) []int {
	var shown []int
	for i, column := range columns {
		if !strings.EqualFold(column.Name, "name") && (wide || !column.Wide) {
			shown = append(shown, i)
		}
	}
	return shown
}

// headed tells whether the block has columns with names.
func (b block) headed() bool { return len(b.header) > 0 }

// rest is what stands behind the label of the i-th row.
func (b block) rest(i int) text {
	padding := strings.Repeat(" ", max(0, b.nameWidth-b.labels[i].width)) + gap
	if row := b.row(b.cells[i]); row != "" {
		return plain(padding + row)
	}
	if b.remarks[i] != "" {
		return dim(padding + b.remarks[i])
	}
	return plain("")
}

// row puts cells into the block's columns.
func (b block) row(cells []string) string {
	var line strings.Builder
	for i, cell := range cells {
		line.WriteString(cell)
		if i < len(cells)-1 {
			line.WriteString(strings.Repeat(" ", b.widths[i]-utf8.RuneCountInString(cell)) + gap)
		}
	}
	return strings.TrimRight(line.String(), " ")
}

// remark is what a row without cells says beside its name.
func remark(row tree.Row) string {
	for _, remark := range []string{problemMessage(row), description(row), row.Status} {
		if remark != "" && remark != row.Name {
			return table.Printable(remark)
		}
	}
	return ""
}

func problemMessage(row tree.Row) string {
	if row.Problem == nil {
		return ""
	}
	return row.Problem.Message
}

// description is the row's addition, unless it stands in the label as a kind's does.
func description(row tree.Row) string {
	if row.Type == tree.NodeKind {
		return ""
	}
	return row.Description
}
