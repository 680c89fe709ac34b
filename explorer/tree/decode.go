package tree

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unique"

	"pilothouse/explorer/cluster"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// acceptTables asks for printed tables; a server that prints none sends the objects.
const acceptTables = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

// eventType is the type of a watch event (meta/v1 WatchEvent).
type eventType string

const (
	eventAdded    eventType = "ADDED"
	eventModified eventType = "MODIFIED"
	eventDeleted  eventType = "DELETED"
	eventBookmark eventType = "BOOKMARK"
	eventError    eventType = "ERROR"
)

// tableDecoder reads rows out of what the API server prints, token by token: a row is
// built without its object ever being held. It reads from one response body.
type tableDecoder struct {
	json *jsontext.Decoder
	kind string // the kind's id, for the judge
	now  func() time.Time

	// onTable is called when column definitions arrive, onRow for every row after them.
	onTable func(*table)
	onRow   func(*row)
	// onContinue, if set, is called with the continue token of a list that has one, before its rows.
	onContinue func(token string)

	table   *table
	current eventType // of the event being read

	// Of the object being read last.
	version string // the resourceVersion

	// Reused from row to row.
	meta      objectMeta
	reference reference  // being read
	buf       []byte     // the cells, each closed by a NUL
	cells     int        // how many of them
	times     []cellTime // found in them
	parts     []string
	scratch   []byte
	namespace unique.Handle[string]
	owner     unique.Handle[string]
}

// objectMeta is what a row needs of an object's metadata.
type objectMeta struct {
	name, namespace, uid []byte
	version, continues   []byte
	created              []byte
	owner                reference // to the controlling owner
	deleting             bool
}

type reference struct{ kind, api, name []byte }

func newTableDecoder(body io.Reader, kind string) *tableDecoder {
	return &tableDecoder{
		json: jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		kind: kind,
		now:  time.Now,
	}
}

// event reads one watch event. Its rows go to onRow, which finds the event's type in
// current. An ERROR event comes as the *apierrors.StatusError that it carries.
func (d *tableDecoder) event() (eventType, error) {
	d.current = ""
	err := d.object(func(key []byte) error {
		switch string(key) {
		case "type":
			return d.readType()
		case "object":
			if d.current == eventError {
				return d.status()
			}
			return d.printed(d.current != eventBookmark)
		}
		return d.json.SkipValue()
	})
	return d.current, err
}

func (d *tableDecoder) position() string { return d.version }

// readType reads an event's type into current; a type unknown here is none.
func (d *tableDecoder) readType() error {
	s, err := d.text(d.scratch)
	d.scratch = s
	for _, t := range [...]eventType{eventAdded, eventModified, eventDeleted, eventBookmark, eventError} {
		if string(s) == string(t) {
			d.current = t
		}
	}
	return err
}

// status reads a meta/v1 Status and answers it as an error.
func (d *tableDecoder) status() error {
	raw, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	var s metav1.Status
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("reading the status of an error event: %w", err)
	}
	return &apierrors.StatusError{ErrStatus: s}
}

// printed reads a Table, or an object where the server does not print tables, or a list
// of such. With rows false only its metadata counts, as for a bookmark.
func (d *tableDecoder) printed(rows bool) error {
	d.version = ""
	d.meta.reset()
	isTable, sawRows := false, false
	err := d.object(func(key []byte) error {
		switch string(key) {
		case "kind":
			s, err := d.text(d.scratch)
			d.scratch, isTable = s, string(s) == "Table"
			return err
		case "metadata":
			if err := d.metadata(); err != nil {
				return err
			}
			d.version = string(d.meta.version)
			if token := string(d.meta.continues); token != "" && d.onContinue != nil {
				d.onContinue(token)
			}
			return nil
		case "columnDefinitions":
			return d.definitions()
		case "rows":
			sawRows = true
			return d.array(func() error { return d.row(rows) })
		case "items":
			sawRows = true
			return d.array(func() error { return d.bare(rows) })
		}
		return d.json.SkipValue()
	})
	if err != nil || isTable || sawRows || !rows {
		return err
	}
	return d.unprinted()
}

// row reads one row of a table.
func (d *tableDecoder) row(tell bool) error {
	d.buf, d.cells, d.times = d.buf[:0], 0, d.times[:0]
	d.meta.reset()
	err := d.object(func(key []byte) error {
		switch string(key) {
		case "cells":
			return d.array(d.cell)
		case "object":
			return d.object(func(key []byte) error {
				if string(key) == "metadata" {
					return d.metadata()
				}
				return d.json.SkipValue()
			})
		}
		return d.json.SkipValue()
	})
	if err != nil {
		return err
	}
	if d.version == "" { // of an event; a list has one of its own
		d.version = string(d.meta.version)
	}
	if tell && d.table != nil {
		d.onRow(d.build())
	}
	return nil
}

// bare reads an object that the server did not print.
func (d *tableDecoder) bare(tell bool) error {
	d.meta.reset()
	err := d.object(func(key []byte) error {
		if string(key) == "metadata" {
			return d.metadata()
		}
		return d.json.SkipValue()
	})
	if err != nil || !tell {
		return err
	}
	return d.unprinted()
}

// unprinted makes a row of the metadata alone, in the columns that kubectl falls back to.
func (d *tableDecoder) unprinted() error {
	if d.table == nil {
		d.table = newTable(d.kind, []definition{{Name: "Name", Type: "string"}, {Name: "Age", Type: "string"}})
		d.onTable(d.table)
	}
	d.times = d.times[:0]
	d.buf = append(append(d.buf[:0], d.meta.name...), 0)
	age := timeMark
	if len(d.meta.created) == 0 {
		age = "<unknown>"
	}
	d.buf = append(append(d.buf, age...), 0)
	d.onRow(d.build())
	return nil
}

// cell appends one cell to buf, closed by a NUL; a duration until now becomes a moment.
func (d *tableDecoder) cell() error {
	start := len(d.buf)
	raw, err := d.json.ReadValue()
	if err != nil || d.table != nil && d.cells >= len(d.table.columns) {
		return err // some kinds print more cells than columns, which kubectl does not show
	}
	switch raw.Kind() {
	case '"':
		if d.buf, err = jsontext.AppendUnquote(d.buf, raw); err != nil {
			return err
		}
	case 'n': // which kubectl leaves empty
	default:
		d.buf = append(d.buf, raw...)
	}
	for i := start; i < len(d.buf); i++ {
		if d.buf[i] == 0 {
			d.buf[i] = ' '
		}
	}
	if d.table != nil && d.cells < len(d.table.counting) && d.table.counting[d.cells] {
		if marked, since, rounding, ok := countdown(string(d.buf[start:])); ok {
			d.buf = append(d.buf[:start], marked...)
			d.times = append(d.times, cellTime{cell: int16(d.cells), slack: int32(rounding.Seconds()), unix: d.now().Add(-since).Unix()})
		}
	}
	d.buf = append(d.buf, 0)
	d.cells++
	return nil
}

// build makes a row of meta, buf and times.
func (d *tableDecoder) build() *row {
	m := &d.meta
	r := &row{
		namespace: intern(&d.namespace, m.namespace),
		owner:     d.ownerOf(m),
		deleting:  m.deleting && d.kind != "pods", // whose status tells it, or better
		status:    -1,
	}
	if id, err := uuid.ParseBytes(m.uid); err == nil {
		r.uid = id
	}
	if t, err := time.Parse(time.RFC3339, string(m.created)); err == nil {
		r.created = t.Unix()
	}
	for _, t := range d.times {
		if int(t.cell) != d.table.age || r.created == 0 {
			r.times = append(r.times, t)
		}
	}
	r.text = string(append(d.buf, m.name...))
	d.parts = d.parts[:0]
	for rest := r.text; ; {
		cell, after, found := strings.Cut(rest, "\x00")
		if !found {
			break
		}
		d.parts, rest = append(d.parts, cell), after
	}
	judge := d.table.judge
	if judge.status >= 0 && judge.status < len(d.parts) {
		r.status = int16(judge.status)
	}
	r.health = judge.read(d.parts, cellAt(d.parts, judge.status))
	if r.deleting {
		r.health = max(r.health, rankProgress)
	}
	return r
}

// ownerOf names the controlling owner as ownerName does; its version does not matter.
func (d *tableDecoder) ownerOf(m *objectMeta) unique.Handle[string] {
	if len(m.owner.name) == 0 {
		return unique.Handle[string]{}
	}
	d.scratch = append(d.scratch[:0], m.owner.kind...)
	d.scratch = append(d.scratch, '.')
	if slash := bytes.IndexByte(m.owner.api, '/'); slash >= 0 {
		d.scratch = append(d.scratch, m.owner.api[:slash]...)
	}
	d.scratch = append(append(d.scratch, ':'), m.owner.name...)
	return intern(&d.owner, d.scratch)
}

// ownerName is the text of row.owner for what an object of that kind and name controls.
func ownerName(k cluster.Kind, name string) string { return k.Kind + "." + k.Group + ":" + name }

// intern gives the one handle of the text. Neighbours in a list often share theirs, so the
// last one is tried first.
func intern(last *unique.Handle[string], b []byte) unique.Handle[string] {
	if len(b) == 0 {
		return unique.Handle[string]{}
	}
	if text(*last) != string(b) {
		*last = unique.Make(string(b))
	}
	return *last
}

// metadata reads an object's or a list's metadata into meta.
func (d *tableDecoder) metadata() error {
	m := &d.meta
	return d.object(func(key []byte) (err error) {
		switch string(key) {
		case "name":
			m.name, err = d.text(m.name)
		case "namespace":
			m.namespace, err = d.text(m.namespace)
		case "uid":
			m.uid, err = d.text(m.uid)
		case "resourceVersion":
			m.version, err = d.text(m.version)
		case "continue":
			m.continues, err = d.text(m.continues)
		case "creationTimestamp":
			m.created, err = d.text(m.created)
		case "deletionTimestamp":
			m.deleting = d.json.PeekKind() == '"'
			err = d.json.SkipValue()
		case "ownerReferences":
			err = d.array(d.ownerReference)
		default:
			err = d.json.SkipValue()
		}
		return err
	})
}

// ownerReference keeps the reference if it is the controller's, or the first.
func (d *tableDecoder) ownerReference() error {
	ref := &d.reference
	controls := false
	err := d.object(func(key []byte) (err error) {
		switch string(key) {
		case "kind":
			ref.kind, err = d.text(ref.kind)
		case "apiVersion":
			ref.api, err = d.text(ref.api)
		case "name":
			ref.name, err = d.text(ref.name)
		case "controller":
			controls = d.json.PeekKind() == 't'
			err = d.json.SkipValue()
		default:
			err = d.json.SkipValue()
		}
		return err
	})
	m := &d.meta
	if controls || len(m.owner.name) == 0 {
		*ref, m.owner = m.owner, *ref
	}
	return err
}

func (m *objectMeta) reset() {
	for _, b := range []*[]byte{&m.name, &m.uid, &m.version, &m.namespace, &m.owner.kind, &m.owner.api, &m.owner.name, &m.created, &m.continues} {
		*b = (*b)[:0]
	}
	m.deleting = false
}

// definitions reads a table's column definitions.
func (d *tableDecoder) definitions() error {
	if d.json.PeekKind() == 'n' { // only the first event of a stream carries them
		return d.json.SkipValue()
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	var columns []definition
	if err := json.Unmarshal(raw, &columns); err != nil {
		return fmt.Errorf("reading column definitions: %w", err)
	}
	d.table = newTable(d.kind, columns)
	d.onTable(d.table)
	return nil
}

// text appends the next value's text to b[:0]; what is no string gives none.
func (d *tableDecoder) text(b []byte) ([]byte, error) {
	raw, err := d.json.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return b[:0], err
	}
	return jsontext.AppendUnquote(b[:0], raw)
}

// object reads an object and calls member for each of its members, with the decoder
// before the member's value, which it must consume. The key is good until then.
// What is no object is passed over.
func (d *tableDecoder) object(member func(key []byte) error) error {
	if d.json.PeekKind() != '{' {
		return d.json.SkipValue()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() == '"' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if err := member(raw[1 : len(raw)-1]); err != nil { // no key that counts holds an escape
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// array reads an array and calls element before each of its values, which it must
// consume. What is no array is passed over.
func (d *tableDecoder) array(element func() error) error {
	if d.json.PeekKind() != '[' {
		return d.json.SkipValue()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for {
		switch d.json.PeekKind() {
		case ']', jsontext.KindInvalid:
			_, err := d.json.ReadToken()
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}
