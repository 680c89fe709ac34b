package framing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// oneWay is a connection that reads from a text and keeps what is written.
type oneWay struct {
	net.Conn // the rest is not called
	in       io.Reader
	out      bytes.Buffer
	closed   bool
}

func (c *oneWay) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *oneWay) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *oneWay) SetWriteDeadline(time.Time) error { return nil }

func (c *oneWay) Close() error {
	c.closed = true
	return nil
}

func frame(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }

// readAll gives what a stream makes of in: the methods or ids of the messages, and
// the error at the end.
func readAll(in io.Reader, limit int) (read []string, answers string, err error) {
	conn := &oneWay{in: in}
	s := NewStream(conn, Limits{Message: limit, Patience: time.Second})
	for {
		message, _, err := s.Read(context.Background())
		if err != nil {
			return read, conn.out.String(), err
		}
		switch m := message.(type) {
		case jsonrpc2.RequestMessage:
			read = append(read, strings.Clone(m.Method())) // borrowed until the next Read
		case *jsonrpc2.Response:
			read = append(read, fmt.Sprintf("answer %v %v", m.ID(), m.Err()))
		}
	}
}

const ping = `{"jsonrpc":"2.0","method":"ping"}`

func TestWhatFollowsABadFrameIsRead(t *testing.T) {
	long := `{"jsonrpc":"2.0","id":8,"method":"long","params":"` + strings.Repeat("x", 200) + `"}`
	for _, test := range []struct{ name, bad, answer string }{
		{"nothing bad", "", ""},
		{"blank lines between frames", "\r\n\r\n", ""},
		{"other headers", "Content-Type: x; charset=utf-8\r\ncontent-length: " + fmt.Sprint(len(ping)) + "\r\n\r\n" + ping, ""},
		{"bare line feeds", fmt.Sprintf("Content-Length:%d\n\n%s", len(ping), ping), ""},
		{"no JSON", frame("{]"), `"id":null,"error":{"code":-32700`},
		{"no request", frame(`{"jsonrpc":"2.0","id":"a"}`), `"id":"a","error":{"code":-32600`},
		{"a batch", frame(`[` + ping + `]`), `"id":null,"error":{"code":-32600`},
		{"an id that is none", frame(`{"jsonrpc":"2.0","id":1.5,"method":"x"}`), `"id":null,"error":{"code":-32600`},
		{"empty", frame(""), `"id":null,"error":{"code":-32700`},
		{"too long", frame(long), `"id":8,"error":{"code":-32600`},
		{"no length", "Content-Type: x\r\n\r\n", `"id":null,"error":{"code":-32700`},
		{"length that is none", "Content-Length: many\r\n\r\n", `"id":null,"error":{"code":-32700`},
		{"length that overflows", "Content-Length: 18446744073709551623\r\n\r\n", `"id":null,"error":{"code":-32700`},
		{"absurd length", "Content-Length: 9000000000\r\n\r\n", `"id":null,"error":{"code":-32700`},
		{"no header", "some text\r\nthat goes on", `"id":null,"error":{"code":-32700`},
		{"header line without end", strings.Repeat("x", 3*headerLine), `"id":null,"error":{"code":-32700`},
		{"shorter than announced", "Content-Length: 20\r\n\r\n" + `{"jsonrpc":"2.0"}`, `"error":{"code":-32700`},
	} {
		t.Run(test.name, func(t *testing.T) {
			read, answers, err := readAll(strings.NewReader(test.bad+frame(ping)+frame(ping)), 150)
			if len(read) == 0 || read[len(read)-1] != "ping" || !errors.Is(err, io.EOF) {
				t.Errorf("read %q, then %v", read, err)
			}
			if !strings.Contains(answers, test.answer) || test.answer == "" && answers != "" {
				t.Errorf("answered %q, want %q", answers, test.answer)
			}
		})
	}
}

func TestABadAnswerFailsItsCall(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"both result and error", `{"jsonrpc":"2.0","id":4,"result":1,"error":{"code":1,"message":"m"}}`, "answer 4 JSON-RPC invalid request"},
		{"too long", `{"jsonrpc":"2.0","id":4,"result":"` + strings.Repeat("x", 5000) + `"}`, "answer 4 the message has 5036 bytes and at most 150 are taken"},
		{"id last", `{"jsonrpc":"2.0","result":{]},"id":4}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			read, answers, _ := readAll(strings.NewReader(frame(test.body)), 150)
			if got := strings.Join(read, "\n"); got != test.want {
				t.Errorf("read %q, want %q", got, test.want)
			}
			if test.want != "" && answers != "" {
				t.Errorf("an answer was answered: %q", answers)
			}
		})
	}
}

func TestTheEndWithinAMessageIsTold(t *testing.T) {
	whole := frame(ping)
	for cut := range len(whole) {
		want := io.ErrUnexpectedEOF
		if cut == 0 {
			want = io.EOF
		}
		if _, _, err := readAll(strings.NewReader(whole[:cut]), 150); !errors.Is(err, want) {
			t.Errorf("cut at %d: %v, want %v", cut, err, want)
		}
	}
}

func TestFramesMayArriveInAnyPieces(t *testing.T) {
	all := frame(ping) + "garbage\n" + frame(`{"jsonrpc":"2.0","id":1,"method":"pong"}`)
	for size := 1; size < len(all); size++ {
		read, _, err := readAll(&pieces{all, size}, 150)
		if strings.Join(read, " ") != "ping pong" || !errors.Is(err, io.EOF) {
			t.Errorf("in pieces of %d: %q, %v", size, read, err)
		}
	}
}

// pieces reads a text a few bytes at a time.
type pieces struct {
	rest string
	size int
}

func (p *pieces) Read(into []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	n := copy(into[:min(len(into), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func TestAMessageIsNotPaidForBeforeItArrives(t *testing.T) {
	s := NewStream(&oneWay{in: strings.NewReader("Content-Length: 60000000\r\n\r\n{")}, DefaultLimits())
	if _, _, err := s.Read(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if held := s.body.Cap(); held > 1<<16 {
		t.Errorf("one byte of a message holds %d bytes", held)
	}
}

func TestLargeBuffersDoNotOutliveTheirMessage(t *testing.T) {
	large := `{"jsonrpc":"2.0","method":"` + strings.Repeat("x", 4*keep) + `"}`
	s := NewStream(&oneWay{in: strings.NewReader(frame(large) + frame(ping))}, DefaultLimits())
	for range 2 {
		message, _, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	if held := s.body.Cap() + cap(s.out); held > 2*keep {
		t.Errorf("after a small message the stream holds %d bytes", held)
	}
}

func TestMessagesOfManyWritersLeaveWhole(t *testing.T) {
	conn := &oneWay{}
	s := NewStream(conn, DefaultLimits())
	const writers, each = 20, 50
	done := make(chan error)
	for w := range writers {
		go func() {
			var failed error
			for range each {
				text := strings.Repeat("x", 100*w)
				_, err := s.Write(context.Background(), jsonrpc2.NewNotification(text, nil))
				failed = errors.Join(failed, err)
			}
			done <- failed
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	read, answers, err := readAll(&conn.out, 1<<20)
	if len(read) != writers*each || answers != "" || !errors.Is(err, io.EOF) {
		t.Errorf("%d messages came through, want %d; %q, %v", len(read), writers*each, answers, err)
	}
}

func TestAPeerThatStopsReadingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		s := NewStream(ours, Limits{Message: 1 << 20, Patience: 30 * time.Second})
		begin := time.Now()
		_, err := s.Write(t.Context(), jsonrpc2.NewNotification("x", nil))
		if !errors.Is(err, ErrPeerStuck) || time.Since(begin) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		if _, err := theirs.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection is left open: %v", err)
		}
	})
}

func TestAPeerThatReadsSlowlyIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := NewStream(ours, Limits{Message: 1 << 20, Patience: 30 * time.Second})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer theirs.Close()
			for buffer := make([]byte, piece/2); ; {
				time.Sleep(20 * time.Second) // the bubble's clock
				if _, err := theirs.Read(buffer); err != nil {
					return
				}
			}
		}()
		message := jsonrpc2.NewNotification(strings.Repeat("x", 5*piece), nil)
		if _, err := s.Write(t.Context(), message); err != nil {
			t.Error(err)
		}
		s.Close()
		<-ended
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(frame(ping)))
	f.Add([]byte("Content-Length: 5\r\n\r\n{\"id\":1}"))
	f.Add([]byte("x\nContent-Length: -1\r\nContent-Length: 2\r\n\r\n[]Content-Length:7\n\n{\"id\":}"))
	f.Add([]byte(frame(`{"jsonrpc":"2.0","id":1,"result":null,"error":null}`)))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, answers, err := readAll(bytes.NewReader(in), 64)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the end of the stream is told as %v", err)
		}
		// What we say to nonsense has to make sense.
		if _, again, err := readAll(strings.NewReader(answers), 1<<20); again != "" || !errors.Is(err, io.EOF) {
			t.Errorf("the answers %q are not understood: %q, %v", answers, again, err)
		}
	})
}
