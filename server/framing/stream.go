package framing

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"go.lsp.dev/jsonrpc2"
)

// Limits bound what a Stream holds and waits for.
type Limits struct {
	// Message is the size in bytes of the longest message that is taken.
	Message int
	// Patience is how long a peer may take none of what is written to it.
	Patience time.Duration
}

// DefaultLimits are generous to people and editors, not to accidents.
func DefaultLimits() Limits {
	return Limits{Message: 64 << 20, Patience: 30 * time.Second}
}

const (
	// skippable is the longest message that is read past to stay in step; a
	// header that announces more is taken for garbage.
	skippable = 1 << 30
	// headerLine is the longest line of a header, and how far into a message
	// that is too long its id is looked for.
	headerLine = 4 << 10
	// piece is how much is written under one deadline: a slow peer that takes
	// a piece within the patience is alive.
	piece = 64 << 10
	// backlog is how many messages may wait to be written before nothing more is
	// read: a peer that takes no answers gets no more questions in.
	backlog = 256
	// keep is the largest buffer that outlives its message.
	keep = 1 << 20
)

// ErrPeerStuck tells that the peer has stopped reading and was given up.
var ErrPeerStuck = errors.New("the peer has stopped reading")

// Stream is a jsonrpc2.Stream over a net.Conn. Batches are refused: LSP has none.
//
// Read is for one goroutine at a time. Write may be called by many; each
// message leaves whole, and the callers wait their turn. There is no queue: what
// is held for a slow peer is one message a caller, and Read waits while there are
// too many of those. A Stream owns its connection.
type Stream struct {
	conn   net.Conn
	limits Limits

	in   *bufio.Reader
	body bytes.Buffer // the message last read; a request borrows it until the next Read

	waiting chan struct{} // a token for each message that waits to be written
	writing chan struct{} // the token of the one that is being written
	out     []byte        // its frame
}

// NewStream frames messages on conn.
func NewStream(conn net.Conn, limits Limits) *Stream {
	return &Stream{
		conn: conn, limits: limits,
		in:      bufio.NewReaderSize(conn, headerLine),
		waiting: make(chan struct{}, backlog), writing: make(chan struct{}, 1),
	}
}

// Read gives the next message that can be used. Others are answered with an
// error on the way: the JSON-RPC code for what is wrong, under the message's id
// where that can be read. It answers io.EOF when the peer closed between two
// messages and io.ErrUnexpectedEOF when it closed within one.
func (s *Stream) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	for {
		if err := s.awaitBacklog(ctx); err != nil {
			return nil, 0, err
		}
		message, size, err := s.next()
		var refused *refusal
		switch {
		case errors.Is(err, errHeader):
			if err := s.resynchronise(ctx, err); err != nil {
				return nil, 0, err
			}
		case errors.As(err, &refused):
			answer := jsonrpc2.NewResponse(refused.id, nil, refused.err)
			if refused.response {
				// The peer's answer to a call of ours: the call has to learn that it failed.
				return answer, size, nil
			}
			if _, err := s.Write(ctx, answer); err != nil {
				return nil, 0, err
			}
		default:
			return message, size, err
		}
	}
}

// awaitBacklog waits until there is room for one more message to be written.
func (s *Stream) awaitBacklog(ctx context.Context) error {
	select {
	case s.waiting <- struct{}{}:
		<-s.waiting
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next reads one frame. A message that it refuses it has read past, so that the
// stream is in step for the frame after it; after errHeader it is not.
func (s *Stream) next() (jsonrpc2.Message, int64, error) {
	length, err := readHeader(s.in)
	if err != nil {
		return nil, 0, err
	}
	if length > int64(s.limits.Message) {
		return nil, length, s.skip(length)
	}
	if err := s.readBody(length); err != nil {
		return nil, 0, err
	}
	message, err := jsonrpc2.DecodeMessage(s.body.Bytes())
	if err != nil {
		return nil, length, refuse(s.body.Bytes(), err)
	}
	return message, length, nil
}

// resynchronise tells the peer that its header makes no sense and moves on to
// the next that may. It tells first, for the next may be long in coming.
func (s *Stream) resynchronise(ctx context.Context, cause error) error {
	answer := jsonrpc2.Errorf(jsonrpc2.ParseError, "%v; reading on from the next %s", cause, lengthField)
	if _, err := s.Write(ctx, jsonrpc2.NewResponse(jsonrpc2.ID{}, nil, answer)); err != nil {
		return err
	}
	return seekHeader(s.in)
}

// skip reads past a message that is too long and gives its refusal.
func (s *Stream) skip(length int64) error {
	start, err := s.in.Peek(int(min(length, headerLine)))
	if err != nil {
		return inFrame(err)
	}
	refused := refuse(start, jsonrpc2.Errorf(jsonrpc2.InvalidRequest,
		"the message has %d bytes and at most %d are taken", length, s.limits.Message))
	if _, err := io.CopyN(io.Discard, s.in, length); err != nil {
		return inFrame(err)
	}
	return refused
}

// readBody reads a message into s.body, which grows as the bytes arrive and not
// as the header promises.
func (s *Stream) readBody(length int64) error {
	if s.body.Cap() > keep {
		s.body = bytes.Buffer{}
	}
	s.body.Reset()
	_, err := io.CopyN(&s.body, s.in, length)
	return inFrame(err)
}

// Write frames and sends one message. It waits while the peer does not read;
// when nothing of it was taken for the limits' patience, it closes the
// connection and answers ErrPeerStuck.
func (s *Stream) Write(ctx context.Context, message jsonrpc2.Message) (int64, error) {
	for _, turn := range []chan struct{}{s.waiting, s.writing} {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	var frame []byte
	s.out, frame = appendFrame(s.out[:0], message)
	err := s.send(frame)
	if cap(s.out) > keep {
		s.out = nil
	}
	if err != nil {
		// Half a frame may have left: nothing that follows it could be read.
		s.conn.Close()
		return 0, err
	}
	return int64(len(frame)), nil
}

func (s *Stream) send(frame []byte) error {
	for len(frame) > 0 {
		if err := s.conn.SetWriteDeadline(time.Now().Add(s.limits.Patience)); err != nil {
			return fmt.Errorf("writing a message: %w", err)
		}
		n, err := s.conn.Write(frame[:min(len(frame), piece)])
		frame = frame[n:]
		if errors.Is(err, os.ErrDeadlineExceeded) && n == 0 {
			return fmt.Errorf("%w for %v", ErrPeerStuck, s.limits.Patience)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("writing a message: %w", err)
		}
	}
	return nil
}

// Close closes the connection.
func (s *Stream) Close() error { return s.conn.Close() }

// appendFrame encodes message with its header into buffer. It gives the buffer,
// to be used again, and the frame within it.
func appendFrame(buffer []byte, message jsonrpc2.Message) (grown, frame []byte) {
	const room = len(lengthField) + len(": ") + 20 + len("\r\n\r\n")
	buffer = append(buffer, make([]byte, room)...)
	buffer = jsonrpc2.AppendMessage(buffer, message)

	header := make([]byte, 0, room)
	header = append(header, lengthField+": "...)
	header = strconv.AppendInt(header, int64(len(buffer)-room), 10)
	header = append(header, "\r\n\r\n"...)
	start := room - len(header)
	copy(buffer[start:], header)
	return buffer, buffer[start:]
}

// inFrame turns the end of the stream within a frame into what it is.
func inFrame(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
