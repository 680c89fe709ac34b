package server

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pilothouse/server/framing"
)

// deaf is an editor that writes and never reads.
func deaf(t *testing.T, d *Daemon) (conn net.Conn, ended chan struct{}) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		d.ServeConn(t.Context(), theirs)
	}()
	return ours, ended
}

func TestClientThatNeverReadsHoldsNothingAndIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		stuck, ended := deaf(t, s.daemon)
		const open = `{"id":2,"method":"pilothouse/explorer/children","params":{"node":"1"}}`
		go stuck.Write(frames(t, []string{initialize})) // its answer is taken, below
		if _, err := stuck.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
		go stuck.Write(frames(t, []string{open}))
		if _, err := stuck.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()

		for i := range 1000 {
			s.explorer.view("1").change(fmt.Sprint("name", i))
			synctest.Wait()
		}
		if pulled := s.explorer.view("1").pulls(); pulled != 1 {
			t.Errorf("%d changes were asked for while the first is not read, want 1", pulled)
		}

		other := newEditor(t, s.daemon)
		other.write(frames(t, []string{initialize}))
		if got := other.received(); !strings.Contains(got, "serverInfo") {
			t.Errorf("another editor is held up: %q", got)
		}

		time.Sleep(framing.DefaultLimits().Patience) // the bubble's clock
		<-ended
		if !strings.Contains(s.logs.String(), "the peer has stopped reading for 30s") {
			t.Errorf("the log does not tell why the session ended:\n%s", s.logs)
		}
		if n := s.explorer.count(); n != 0 {
			t.Errorf("%d views are open after the session", n)
		}
		other.conn.Close()
		<-other.ended
	})
}

func TestNothingMoreIsReadFromAClientThatTakesNoAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		stuck, ended := deaf(t, s.daemon)
		go stuck.Write(frames(t, []string{initialize}))
		if _, err := stuck.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
		const asked = 5000
		taken := 0
		go func() {
			for i := range asked {
				line := fmt.Sprintf(`{"id":%d,"method":"pilothouse/clusters/retry","params":{"context":"kind"}}`, i+10)
				if _, err := stuck.Write(frames(t, []string{line})); err != nil {
					return
				}
				taken++
			}
		}()
		synctest.Wait()
		if taken == 0 || taken > 1000 {
			t.Errorf("%d of %d calls were taken from a client that reads no answers", taken, asked)
		}
		stuck.Close()
		<-ended
	})
}

func TestCallsInFlightAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		e := newEditor(t, s.daemon)
		e.write(frames(t, []string{initialize}))
		for i := range mostCalls {
			e.write(frames(t, []string{fmt.Sprintf(`{"id":%d,"method":"test/block"}`, i+10)}))
		}
		e.received()
		e.write(frames(t, []string{`{"id":2,"method":"test/block"}`}))
		if got := e.received(); !strings.Contains(got, `"id":2,"error":{"code":-32803`) {
			t.Errorf("one call too many was answered %q", got)
		}
		e.write(frames(t, []string{`{"method":"$/cancelRequest","params":{"id":10}}`}))
		e.received()
		e.write(frames(t, []string{`{"id":3,"method":"pilothouse/log/unfollow"}`}))
		if got := e.received(); !strings.Contains(got, `"id":3,"result"`) {
			t.Errorf("after one was cancelled the next was answered %q", got)
		}
		e.conn.Close()
		<-e.ended
	})
}

func TestViewsOfASessionAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		e := newEditor(t, s.daemon)
		e.write(frames(t, []string{initialize}))
		for i := range mostViews + 1 {
			e.write(frames(t, []string{fmt.Sprintf(`{"id":%d,"method":"pilothouse/explorer/children","params":{"node":"1"}}`, i+10)}))
			synctest.Wait()
		}
		if got := e.received(); !strings.Contains(got, "too many views") || s.explorer.count() != mostViews {
			t.Errorf("%d views are open, want %d", s.explorer.count(), mostViews)
		}
		e.conn.Close()
		<-e.ended
	})
}

func TestPanicIsLoggedWithItsStack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newStage(t)
		e := newEditor(t, s.daemon)
		e.write(frames(t, []string{initialize, `{"id":2,"method":"test/panic"}`, `{"method":"test/panicked"}`}))
		e.received()
		for _, want := range []string{"in=test/panic ", "in=test/panicked ", "panic=\"on purpose\"", "daemon_test.go"} {
			if !strings.Contains(s.logs.String(), want) {
				t.Errorf("the log has no %q:\n%s", want, s.logs)
			}
		}
		e.conn.Close()
		<-e.ended
	})
}
