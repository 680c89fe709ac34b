package table

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kubectl's tab stops: a column is at least six characters wide and three
// spaces lie between its widest cell and the next column.
const (
	minimumWidth = 6
	padding      = 3
)

// Writer aligns cells in columns. A column is as wide as its widest cell since
// the Writer was made, so that rows printed later (by a watch) stand below the
// first ones.
type Writer struct {
	out    io.Writer
	widths []int
}

// NewWriter returns a Writer that prints to out.
func NewWriter(out io.Writer) *Writer {
	return &Writer{out: out}
}

// Write prints rows of cells. The last cell of a row is not padded.
func (w *Writer) Write(rows ...[]string) error {
	for _, row := range rows {
		w.widen(row)
	}
	out := bufio.NewWriter(w.out)
	for _, row := range rows {
		for i, cell := range row {
			out.WriteString(cell)
			if i < len(row)-1 {
				out.WriteString(strings.Repeat(" ", w.widths[i]-utf8.RuneCountInString(cell)))
			}
		}
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("printing a table: %w", err)
	}
	return nil
}

// widen makes room for the cells of row.
func (w *Writer) widen(row []string) {
	for i, cell := range row {
		if i == len(w.widths) {
			w.widths = append(w.widths, minimumWidth)
		}
		if i < len(row)-1 {
			w.widths[i] = max(w.widths[i], utf8.RuneCountInString(cell)+padding)
		}
	}
}

// Printable makes text from a cluster safe to show on a terminal: only its first
// line, with "..." where more follows, and escape sequences spelled out.
func Printable(text string) string {
	if end := strings.IndexAny(text, "\f\n\r"); end >= 0 {
		text = text[:end] + "..."
	}
	if strings.IndexFunc(text, unicode.IsControl) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r == '\x1b':
			b.WriteString("^[")
		case unicode.IsControl(r):
			fmt.Fprintf(&b, "\\x%02x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
