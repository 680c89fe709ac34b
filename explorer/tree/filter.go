package tree

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"pilothouse/explorer/problem"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// matches tells whether the row passes those parts of the filter that the API server
// does not evaluate. Messages always pass.
func (f Filter) matches(r *row) bool {
	if r.special != nil && r.special.Type == NodeMessage {
		return true
	}
	if f.Name != "" && !containsFold(r.name(), f.Name) {
		return false
	}
	if f.Status == "" {
		return true
	}
	return strings.EqualFold(string(healths[r.health]), f.Status) || containsFold(r.statusText(), f.Status)
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// selects tells whether the API server has a part in the filter.
func (f Filter) selects() bool { return f.Labels != "" || f.Fields != "" }

// check tells what is wrong with the selectors before the API server is asked.
func (f Filter) check() error {
	if _, err := labels.Parse(f.Labels); err != nil {
		return &problem.Error{
			Code: problem.InvalidQuery, Message: "the label selector cannot be parsed", Err: err,
			Suggestions: []string{`write it as kubectl does, for example app=web,tier!=cache`},
		}
	}
	if _, err := fields.ParseSelector(f.Fields); err != nil {
		return &problem.Error{
			Code: problem.InvalidQuery, Message: "the field selector cannot be parsed", Err: err,
			Suggestions: []string{`write it as kubectl does, for example status.phase=Running`},
		}
	}
	return nil
}

// sorter orders rows; it is total, so that every row has one place.
type sorter func(a, b *row) int

// newSorter orders by the named column, as far as there is one, then by namespace and name.
// Messages stay below the rows.
func newSorter(columns []Column, s Sort) sorter {
	column := slices.IndexFunc(columns, func(c Column) bool { return strings.EqualFold(c.Name, s.Column) })
	if s.Column == "" || column < 0 {
		return byName
	}
	return func(a, b *row) int {
		if a.position == last || b.position == last {
			return byName(a, b)
		}
		c := compareCells(a, b, column)
		if s.Descending {
			c = -c
		}
		return cmp.Or(c, byName(a, b))
	}
}

func byName(a, b *row) int {
	if a == b {
		return 0
	}
	if c := cmp.Compare(a.position, b.position); c != 0 {
		return c
	}
	if a.namespace != b.namespace {
		if c := strings.Compare(text(a.namespace), text(b.namespace)); c != 0 {
			return c
		}
	}
	return cmp.Or(strings.Compare(a.name(), b.name()), strings.Compare(a.key().name, b.key().name))
}

// compareCells compares two rows' cells: moments as moments, later ones first as kubectl
// does for ages and after all that is none, numbers as numbers, all else as text.
func compareCells(a, b *row, column int) int {
	ta, oka := a.momentAt(column)
	tb, okb := b.momentAt(column)
	switch {
	case oka && okb:
		return cmp.Compare(tb, ta)
	case oka:
		return 1
	case okb:
		return -1
	}
	ca, cb := a.cell(column), b.cell(column)
	na, ra := leadingNumber(ca)
	nb, rb := leadingNumber(cb)
	if len(ra) < len(ca) && len(rb) < len(cb) {
		return cmp.Or(cmp.Compare(na, nb), strings.Compare(ra, rb))
	}
	return strings.Compare(ca, cb)
}

// momentAt gives the moment that is all that stands in a cell.
func (r *row) momentAt(column int) (int64, bool) {
	if r.cell(column) != timeMark {
		return 0, false
	}
	if r.special != nil {
		unix, ok := r.special.Times[column]
		return unix, ok
	}
	for _, t := range r.times {
		if int(t.cell) == column {
			return t.unix, true
		}
	}
	return r.created, r.created != 0
}

func leadingNumber(s string) (n int64, rest string) {
	i := 0
	for ; i < len(s) && i < 18 && unicode.IsDigit(rune(s[i])); i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n, s[i:]
}
