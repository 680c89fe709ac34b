package cluster

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// complain puts the end of a run and what the plugin wrote about it together.
func complain(err error, complaint string) error {
	if complaint = presentable(complaint); complaint == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, complaint)
}

// longestWord is what a person reads as a word; longer ones may be credentials
// that a talkative plugin printed. Addresses to sign in at are longer, too.
const longestWord = 60

// presentable makes one line of what a program wrote, without control characters
// and without anything that could be a credential.
func presentable(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	for i, word := range words {
		if len(word) > longestWord && !strings.HasPrefix(word, "https://") {
			words[i] = "..."
		}
	}
	return strings.Join(words, " ")
}

// head keeps what is written to it and fails on more than max bytes.
type head struct {
	kept []byte
	max  int
}

func (h *head) Write(p []byte) (int, error) {
	if len(h.kept)+len(p) > h.max {
		return 0, errors.New("more output than a credential can have")
	}
	h.kept = append(h.kept, p...)
	return len(p), nil
}

// tail keeps the last max bytes written to it.
type tail struct {
	kept []byte
	max  int
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-t.max):]...)
	t.kept = t.kept[max(0, len(t.kept)-t.max):]
	return len(p), nil
}
