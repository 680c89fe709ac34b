package tree

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"unique"

	"github.com/google/uuid"
)

// rowKey tells rows of one list apart by what their ids are made of, so that no two rows
// of a view have one id: an object made again under its name takes the place of the old.
type rowKey struct {
	namespace unique.Handle[string]
	name      string // a special row's id
}

// row is what is kept of an object: some 100 bytes and its text. But for pass it is never
// changed after it was put into a list; an update puts another.
type row struct {
	// text holds the cells one after the other, each closed by a NUL, and then the name.
	text      string
	namespace unique.Handle[string]
	owner     unique.Handle[string] // the controlling owner as ownerName writes it, zero without one
	uid       uuid.UUID             // zero where the API gives none
	created   int64                 // Unix seconds
	times     []cellTime
	special   *Row   // set for rows that come from no table
	position  int32  // among special rows, which keep the order they were made in; 0 for all others
	pass      uint32 // the list pass of the feed that saw it last
	status    int16  // index of the cell the health was read from, -1 for none
	health    healthRank
	deleting  bool
}

// cellTime is a moment that stands in a cell as "{}".
type cellTime struct {
	cell  int16
	slack int32 // seconds by which the moment may be off: the server told a rounded duration
	unix  int64
}

// timeMark stands in a cell where the human duration since its time belongs.
const timeMark = "{}"

// key tells the row apart in its list, as its id does: rows with one id have one key. A
// namespace that stands in for what may not be listed is found under its name like the
// namespace itself.
func (r *row) key() rowKey {
	if r.special != nil && r.special.Type != NodeNamespace {
		return rowKey{name: r.special.ID}
	}
	return rowKey{r.namespace, r.name()}
}

func (r *row) name() string { return r.text[strings.LastIndexByte(r.text, 0)+1:] }

// cell gives the i-th cell, "" when there is none.
func (r *row) cell(i int) string {
	if r.special != nil {
		return cellAt(r.special.Cells, i)
	}
	rest := r.text
	for ; ; i-- {
		end := strings.IndexByte(rest, 0)
		if end < 0 {
			return ""
		}
		if i == 0 {
			return rest[:end]
		}
		rest = rest[end+1:]
	}
}

// cells gives all of them; they share the row's memory.
func (r *row) cells() []string {
	n := strings.Count(r.text, "\x00")
	if n == 0 {
		return nil
	}
	all := strings.Split(r.text, "\x00")
	return all[:n]
}

func (r *row) statusText() string {
	if r.special != nil {
		return r.special.Status
	}
	if r.deleting {
		return "Terminating"
	}
	if s := r.cell(int(r.status)); r.status >= 0 && s != "<none>" {
		return s
	}
	return ""
}

// text gives a handle's text; a row of no table has none.
func text(h unique.Handle[string]) string {
	if h == (unique.Handle[string]{}) {
		return ""
	}
	return h.Value()
}

// sameAs tells whether a reader of the row, or of its owner's children, would see no difference.
func (r *row) sameAs(o *row) bool {
	if r.special != nil || o.special != nil {
		return r.position == o.position && reflect.DeepEqual(r.special, o.special)
	}
	return r.text == o.text && r.uid == o.uid && r.owner == o.owner && r.status == o.status && r.health == o.health &&
		r.deleting == o.deleting && r.created == o.created && slices.EqualFunc(r.times, o.times, cellTime.near)
}

// near tells whether two times are the same moment as far as the server's rounding allows.
func (t cellTime) near(o cellTime) bool {
	apart := t.unix - o.unix
	return t.cell == o.cell && max(apart, -apart) <= int64(max(t.slack, o.slack))
}

// uidText gives the UID as the API wrote it.
func (r *row) uidText() string {
	if r.uid == uuid.Nil {
		return ""
	}
	return r.uid.String()
}

// specialRow is a row that comes from no table; position orders it among its like.
// It is found again by its id.
func specialRow(r Row, position int) *row {
	return &row{text: r.Name, special: &r, position: int32(position), health: rankOf(r.Health), status: -1}
}

// last is the position of messages.
const last = math.MaxInt32
