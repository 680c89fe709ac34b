package server

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the daemon answers into the scripts")

// TestSessions runs the scripts of testdata. A script is the dialogue of one or
// two editors, A and B, with one daemon; its sections are the steps:
//
//	initialize A   the session begins, as an editor that can do nothing special
//	send A         messages of the editor, one a line, without "jsonrpc"
//	raw A          bytes of the editor, as Go strings; *n repeats one
//	recv A         every message that the daemon has sent to it since, one a line
//	recv A sorted  the same where their order is not promised
//	engine         what happens in the cluster: change <view> <name>
//	clock          a duration that passes
//	hang up A      the editor is killed
//
// Everything runs in a bubble of testing/synctest: recv waits until nothing moves
// any more, so that a message too many is seen, and clock takes no time.
func TestSessions(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("testdata holds no scripts:", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			inBubble(t, func(t *testing.T) { newStage(t).play(archive) })
			if *update {
				writeFile(t, path, txtar.Format(archive))
			}
		})
	}
}

const (
	initialize  = `{"id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}`
	initialized = `{"method":"initialized","params":{}}`
)

// inBubble runs f in a bubble of testing/synctest. jsonrpc2 keeps channels in a
// sync.Pool, and a channel may not cross the skin of a bubble.
func inBubble(t *testing.T, f func(t *testing.T)) {
	emptyPools()
	defer emptyPools()
	synctest.Test(t, f)
}

// emptyPools empties every sync.Pool: they live through one collection, not two.
func emptyPools() {
	runtime.GC()
	runtime.GC()
}

// stage is a daemon over fakes with its editors.
type stage struct {
	t        *testing.T
	daemon   *Daemon
	logs     *lockedBuffer
	clusters *fakeClusters
	explorer *fakeExplorer
	editors  map[string]*editor
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, clusters: newFakeClusters(), explorer: newFakeExplorer(), editors: map[string]*editor{}}
	s.daemon, s.logs = newTestDaemon(Engine{Clusters: s.clusters, Explorer: s.explorer}, DaemonOptions{})
	return s
}

// play runs the steps; with -update it writes down what came instead of comparing.
func (s *stage) play(script *txtar.Archive) {
	for i, step := range script.Files {
		verb, who, _ := strings.Cut(step.Name, " ")
		if verb == "hang" {
			who = strings.TrimPrefix(who, "up ")
		}
		lines := strings.Split(strings.TrimSpace(string(step.Data)), "\n")
		switch verb {
		case "send":
			s.editor(who).write(frames(s.t, lines))
		case "raw":
			s.editor(who).write(unquote(s.t, lines))
		case "initialize":
			s.editor(who).write(frames(s.t, []string{initialize, initialized}))
			if got := s.editor(who).received(); !strings.Contains(got, `"serverInfo"`) {
				s.t.Fatalf("step %d, the session of %s did not begin: %s", i+1, who, got)
			}
		case "recv":
			who, order, _ := strings.Cut(who, " ")
			got := s.editor(who).received()
			if order == "sorted" {
				got = sorted(got)
			}
			if *update {
				script.Files[i].Data = []byte(got)
			} else if want := string(step.Data); got != want {
				s.t.Errorf("step %d, recv %s:\n got:\n%s want:\n%s", i+1, who, got, want)
			}
		case "engine":
			s.engine(lines)
		case "clock":
			d, err := time.ParseDuration(lines[0])
			if err != nil {
				s.t.Fatal(err)
			}
			time.Sleep(d) // the bubble's clock
		case "hang":
			s.editor(who).conn.Close()
		default:
			s.t.Fatalf("step %d: there is no step %q", i+1, step.Name)
		}
	}
	for _, e := range s.editors {
		e.conn.Close()
		<-e.ended
	}
	if n := s.explorer.count(); n > 0 {
		s.t.Errorf("%d views are open after the sessions", n)
	}
}

func (s *stage) engine(lines []string) {
	for _, line := range lines {
		words := strings.Fields(line)
		if words[0] != "change" {
			s.t.Fatalf("nothing in the cluster is called %q", words[0])
		}
		if v := s.explorer.view(words[1]); v != nil {
			v.change(words[2])
		}
		synctest.Wait()
	}
}

func (s *stage) editor(name string) *editor {
	if s.editors[name] == nil {
		s.editors[name] = newEditor(s.t, s.daemon)
	}
	return s.editors[name]
}

// editor is the raw client of a script.
type editor struct {
	t     *testing.T
	conn  net.Conn
	ended chan struct{} // closed when the session has ended

	mu  sync.Mutex
	got bytes.Buffer
}

func newEditor(t *testing.T, d *Daemon) *editor {
	ours, theirs := net.Pipe()
	e := &editor{t: t, conn: ours, ended: make(chan struct{})}
	go func() {
		defer close(e.ended)
		d.ServeConn(t.Context(), theirs)
	}()
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := ours.Read(buffer)
			e.mu.Lock()
			e.got.Write(buffer[:n])
			e.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return e
}

func (e *editor) write(data []byte) {
	if _, err := e.conn.Write(data); err != nil {
		e.t.Errorf("writing to the daemon: %v", err)
	}
}

// received waits until the daemon has nothing more to say and gives what it said,
// a message a line, and a line for a session that has ended.
func (e *editor) received() string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines strings.Builder
	for e.got.Len() > 0 {
		header, rest, _ := bytes.Cut(e.got.Bytes(), []byte("\r\n\r\n"))
		length, err := strconv.Atoi(strings.TrimPrefix(string(header), "Content-Length: "))
		if err != nil || length > len(rest) {
			e.t.Fatalf("the daemon's frame: %q", e.got.Bytes())
		}
		e.got.Next(len(header) + len("\r\n\r\n"))
		lines.Write(e.got.Next(length))
		lines.WriteString("\n")
	}
	select {
	case <-e.ended:
		lines.WriteString("(ended)\n")
	default:
	}
	return lines.String()
}

func sorted(lines string) string {
	each := strings.SplitAfter(lines, "\n")
	slices.Sort(each)
	return strings.Join(each, "")
}

// frames makes a frame of each line.
func frames(t *testing.T, lines []string) []byte {
	var all bytes.Buffer
	for _, line := range lines {
		body, ok := strings.CutPrefix(line, "{")
		if !ok || !json.Valid([]byte(line)) {
			t.Fatalf("not a message: %s", line)
		}
		body = `{"jsonrpc":"2.0",` + body
		fmt.Fprintf(&all, "Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	return all.Bytes()
}

// unquote gives the bytes of lines like "text" or "x" *1000.
func unquote(t *testing.T, lines []string) []byte {
	var all []byte
	for _, line := range lines {
		quoted, times, repeated := strings.Cut(line, " *")
		text, err := strconv.Unquote(quoted)
		n := 1
		if repeated && err == nil {
			n, err = strconv.Atoi(times)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, strings.Repeat(text, n)...)
	}
	return all
}

// lockedBuffer is a log that tests read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
