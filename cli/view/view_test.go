package view_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pilothouse/cli/view"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
	"pilothouse/server/wire"
)

func TestViewAppliesChangesInOrder(t *testing.T) {
	conn := newFake(page(1, "a", "b", "c"))
	set := view.NewSet(conn)
	v := open(t, set)

	conn.send(change(2, put("b", 0, "moved"), drop("c")))
	conn.send(change(3, put("d", 2, "new"), put("d", 2, "newer")))
	wait(t, set)

	expect(t, v, "b=moved a=a d=newer")
	got := v.Changes()
	if len(got) != 3 || got[0].Row.Name != "moved" || !got[1].Gone || got[1].Row.ID != "c" || got[2].Row.Name != "newer" ||
		got[0].New || !got[2].New {
		t.Errorf("changes %+v", got)
	}
	if again := v.Changes(); len(again) != 0 {
		t.Errorf("changes are told twice: %+v", again)
	}
}

func TestResetReplacesTheWindow(t *testing.T) {
	conn := newFake(page(1, "a", "b"))
	set := view.NewSet(conn)
	v := open(t, set)

	whole := page(2, "b", "c")
	conn.send(tree.Change{View: "v", Seq: 2, Reset: &whole})
	wait(t, set)

	expect(t, v, "b=b c=c")
	got := v.Changes()
	if len(got) != 2 || got[0].Row.ID != "c" || !got[0].New || got[1].Row.ID != "a" || !got[1].Gone {
		t.Errorf("changes %+v", got)
	}
}

func TestGapAsksForTheWholePage(t *testing.T) {
	conn := newFake(page(1, "a"))
	set := view.NewSet(conn)
	v := open(t, set)

	conn.resync = func() tree.Page { return page(4, "x") }
	conn.send(change(3, put("b", 0, "b"))) // 2 is missing
	wait(t, set)

	expect(t, v, "x=x")
	conn.send(change(5, put("y", 1, "y")))
	wait(t, set)
	expect(t, v, "x=x y=y")
}

func TestChangeDuringResyncIsNotLost(t *testing.T) {
	conn := newFake(page(1, "a"))
	set := view.NewSet(conn)
	v := open(t, set)

	conn.resync = func() tree.Page {
		conn.send(change(6, put("late", 1, "late"))) // overtakes the answer
		return page(5, "x")
	}
	conn.send(change(4, put("b", 0, "b")))
	wait(t, set)

	expect(t, v, "x=x late=late")
}

func TestChangeThatOvertakesThePageIsNotLost(t *testing.T) {
	conn := newFake(page(1, "a"))
	conn.beforeAnswer = func() { conn.send(change(2, put("b", 1, "b"))) }
	set := view.NewSet(conn)
	v := open(t, set)
	expect(t, v, "a=a b=b")
}

func TestWaitEndsWithTheConnection(t *testing.T) {
	conn := newFake(page(1))
	set := view.NewSet(conn)
	open(t, set)
	close(conn.done)
	err := set.Wait(t.Context())
	if p := problem.Of(err); p == nil || p.Code != problem.Gone {
		t.Errorf("got %v, want gone", err)
	}
}

func TestClosedViewIsClosedAtTheDaemonToo(t *testing.T) {
	conn := newFake(page(1))
	set := view.NewSet(conn)
	v := open(t, set)
	if err := set.Close(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if want := []string{string(wire.ExplorerChildren), string(wire.ExplorerClose)}; !slices.Equal(conn.called, want) {
		t.Errorf("called %v, want %v", conn.called, want)
	}
}

func open(t *testing.T, set *view.Set) *view.View {
	t.Helper()
	v, err := set.Open(t.Context(), tree.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wait(t *testing.T, set *view.Set) {
	t.Helper()
	if err := set.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, v *view.View, want string) {
	t.Helper()
	var rows []string
	for _, row := range v.Page().Rows {
		rows = append(rows, row.ID+"="+row.Name)
	}
	if got := strings.Join(rows, " "); got != want {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func page(seq uint64, ids ...string) tree.Page {
	p := tree.Page{View: "v", Seq: seq, State: tree.StateLive, Total: len(ids)}
	for _, id := range ids {
		p.Rows = append(p.Rows, tree.Row{ID: id, Name: id})
	}
	return p
}

func change(seq uint64, ops ...tree.Op) tree.Change {
	return tree.Change{View: "v", Seq: seq, Ops: ops, State: tree.StateLive}
}

func put(id string, index int, name string) tree.Op {
	return tree.Op{ID: id, Index: index, Row: &tree.Row{ID: id, Name: name}}
}

func drop(id string) tree.Op { return tree.Op{ID: id} }

// fake is a connection to a daemon with one view.
type fake struct {
	page         tree.Page
	beforeAnswer func()
	resync       func() tree.Page
	handler      func(json.RawMessage)
	called       []string
	done         chan struct{}
}

func newFake(page tree.Page) *fake {
	return &fake{page: page, beforeAnswer: func() {}, done: make(chan struct{})}
}

func (f *fake) Call(_ context.Context, method string, _, result any) error {
	f.called = append(f.called, method)
	switch method {
	case string(wire.ExplorerChildren):
		f.beforeAnswer()
		return transfer(f.page, result)
	case string(wire.ExplorerResync):
		return transfer(f.resync(), result)
	case string(wire.ExplorerClose):
		return nil
	}
	return errors.New("unknown method " + method)
}

func (f *fake) Handle(_ string, handler func(json.RawMessage)) { f.handler = handler }

func (f *fake) Done() <-chan struct{} { return f.done }

func (f *fake) send(change tree.Change) {
	raw, err := json.Marshal(change)
	if err != nil {
		panic(err)
	}
	f.handler(raw)
}

// transfer copies a value as the wire does.
func transfer(from, to any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}
