package tree

import (
	"hash/fnv"
	"math"
	"reflect"
	"slices"
	"strings"
	"unique"

	"github.com/google/uuid"
)

// rowKey tells rows of one list apart: the object's UID, or a hash where there is none.
type rowKey [16]byte

// row is what is kept of an object: 96 bytes and its text. It is never changed
// after it was put into a list; an update puts another.
type row struct {
	// text holds the cells one after the other, each closed by a NUL, and then the name.
	text      string
	namespace unique.Handle[string]
	owner     unique.Handle[string] // objectID.segment of the controlling owner, "" without one
	key       rowKey                // of the row in its list
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

func (r *row) name() string { return r.text[strings.LastIndexByte(r.text, 0)+1:] }

// cell gives the i-th cell, "" when there is none.
func (r *row) cell(i int) string {
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

// sameAs tells whether a reader of the row would see no difference.
func (r *row) sameAs(o *row) bool {
	if r.special != nil || o.special != nil {
		return r.position == o.position && reflect.DeepEqual(r.special, o.special)
	}
	return r.text == o.text && r.health == o.health && r.deleting == o.deleting && r.created == o.created &&
		slices.EqualFunc(r.times, o.times, cellTime.near)
}

// near tells whether two times are the same moment as far as the server's rounding allows.
func (t cellTime) near(o cellTime) bool {
	apart := t.unix - o.unix
	return t.cell == o.cell && max(apart, -apart) <= int64(max(t.slack, o.slack))
}

// keyOf makes a row's key from its UID, or from its names where an API gives no UID.
func keyOf(uid, namespace, name string) rowKey {
	if id, err := uuid.Parse(uid); err == nil {
		return rowKey(id)
	}
	h := fnv.New128a()
	for _, s := range []string{uid, namespace, name} {
		_, _ = h.Write([]byte(s)) // a hash never fails
		_, _ = h.Write([]byte{0})
	}
	k := rowKey(h.Sum(nil))
	k[6] |= 0xf0 // no version of RFC 9562, so that uidText can tell
	return k
}

// uidText gives the UID back where the key was made of one.
func (k rowKey) uidText() string {
	if k[6]>>4 == 0xf {
		return ""
	}
	return uuid.UUID(k).String()
}

// specialRow is a row that comes from no table; position orders it among its like.
// It is found again by its id.
func specialRow(r Row, position int) *row {
	return &row{key: keyOf("", "", r.ID), text: r.Name, special: &r, position: int32(position), health: rankOf(r.Health), status: -1}
}

// last is the position of messages.
const last = math.MaxInt32
