package framing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// lengthField is the one header field that matters; others are read past.
const lengthField = "Content-Length"

// errHeader tells that a header cannot be read, so that nobody knows where its
// message ends.
var errHeader = errors.New("the message header cannot be read")

// readHeader reads a header up to and with its blank line and gives the length
// of the message. Blank lines before the header are let pass. It answers
// errHeader when there is no length to go by, and io.EOF only before the first
// byte of the header.
func readHeader(in *bufio.Reader) (length int64, err error) {
	length = -1
	for began := false; ; {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, fmt.Errorf("%w: a line is longer than %d bytes", errHeader, headerLine)
		case errors.Is(err, io.EOF) && (began || len(line) > 0):
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 && began {
			break
		}
		if len(line) == 0 {
			continue
		}
		began = true
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 0, fmt.Errorf("%w: a line has no colon", errHeader)
		}
		if bytes.EqualFold(name, []byte(lengthField)) {
			if length, err = parseLength(value); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("%w: it has no %s", errHeader, lengthField)
	}
	return length, nil
}

func parseLength(value []byte) (int64, error) {
	length, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
	if err != nil || length < 0 {
		return 0, fmt.Errorf("%w: its %s is not a length", errHeader, lengthField)
	}
	if length > skippable {
		return 0, fmt.Errorf("%w: its %s is absurd", errHeader, lengthField)
	}
	return length, nil
}

// seekHeader reads up to the next "Content-Length:".
func seekHeader(in *bufio.Reader) error {
	field := []byte(lengthField + ":")
	for {
		window, err := in.Peek(len(field))
		if err != nil {
			return inFrame(err)
		}
		if bytes.EqualFold(window, field) {
			return nil
		}
		if _, err := in.Discard(1); err != nil {
			return inFrame(err)
		}
	}
}
