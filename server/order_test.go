package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"pilothouse/explorer/tree"
	"pilothouse/server/wire"
)

func TestNotificationsTakeEffectInTheirOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		var seen []int
		take(s.daemon.methods, "test/note", func(_ *session, _ context.Context, n *int) error {
			seen = append(seen, *n)
			return nil
		})
		e := newEditor(t, s.daemon)
		e.write(frames(t, []string{initialize}))
		const notes = 10_000
		for i := range notes {
			e.write(frames(t, []string{
				fmt.Sprintf(`{"id":%d,"method":"pilothouse/clusters/retry","params":{"context":"kind"}}`, i+2),
				fmt.Sprintf(`{"method":"test/note","params":%d}`, i),
			}))
		}
		e.received()
		e.conn.Close()
		<-e.ended
		for i, n := range seen {
			if i != n {
				t.Fatalf("notification %d came in place %d", n, i)
			}
		}
		if len(seen) != notes {
			t.Errorf("%d notifications came, want %d", len(seen), notes)
		}
	})
}

// restless is an explorer all of whose views change all the time.
type restless struct{ *fakeExplorer }

func (e restless) Open(ctx context.Context, q tree.Query) (View, error) {
	v, err := e.fakeExplorer.Open(ctx, q)
	return restlessView{v}, err
}

type restlessView struct{ View }

func (v restlessView) Next(ctx context.Context) (tree.Change, error) {
	return tree.Change{View: v.ID()}, ctx.Err()
}

func TestNoChangeOvertakesTheAnswerWithItsPage(t *testing.T) {
	d, _ := newTestDaemon(Engine{Clusters: newFakeClusters(), Explorer: restless{newFakeExplorer()}}, DaemonOptions{})
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.ServeConn(t.Context(), theirs)
	}()
	const views = 500
	go func() {
		lines := []string{initialize}
		for i := range views {
			lines = append(lines, fmt.Sprintf(`{"id":%d,"method":%q,"params":{"node":"1"}}`, i+2, wire.ExplorerChildren))
		}
		_, _ = ours.Write(frames(t, lines)) // a failure shows below
	}()

	known := map[string]bool{}
	for in := bufio.NewReader(ours); len(known) < views; {
		message := readMessage(t, in)
		if message.Method == string(wire.ExplorerChanged) && !known[message.Params.View] {
			t.Fatalf("view %s changed before it was answered", message.Params.View)
		}
		if view := message.Result.View; view != "" {
			known[view] = true
		}
	}
	ours.Close()
	<-ended
}

// message is what the test needs to know of a message of the daemon.
type message struct {
	Method string
	Params struct{ View string }
	Result struct{ View string }
}

func readMessage(t *testing.T, in *bufio.Reader) (m message) {
	t.Helper()
	header, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	length, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(header, "Content-Length:")))
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, len("\r\n")+length)
	if _, err := io.ReadFull(in, body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
