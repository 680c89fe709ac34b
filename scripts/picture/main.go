// Command picture turns what a command printed on a terminal, with its colours,
// into an SVG picture for the documentation:
//
//	script -qec "bin/pilothouse tree" /dev/null | go run ./scripts/picture > docs/images/tree.svg
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The size of a character and the space around the text, in pixels.
const (
	charWidth  = 8.4
	lineHeight = 19
	fontSize   = 14
	margin     = 16
)

func main() {
	if err := draw(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// draw reads lines with SGR sequences and writes a picture of them.
func draw(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the text: %w", err)
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r", ""), "\n"), "\n")
	width := 0
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(sgr.ReplaceAllString(line, "")))
	}
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="%d">`+"\n",
		float64(width)*charWidth+2*margin, len(lines)*lineHeight+2*margin, fontSize)
	fmt.Fprintln(w, `<rect width="100%" height="100%" rx="8" fill="#16181d"/>`)
	for i, line := range lines {
		drawLine(w, line, margin+(i+1)*lineHeight-5)
	}
	fmt.Fprintln(w, "</svg>")
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// sgr is a sequence of ECMA-48 that sets how the text after it looks.
var sgr = regexp.MustCompile(`\x1b\[([0-9;]*)m`)

// drawLine draws the pieces of a line, each at its own column: fonts differ in how
// wide they draw a line's branches.
func drawLine(w io.Writer, line string, y int) {
	column, look := 0, ""
	for line != "" {
		piece, rest := line, ""
		next := sgr.FindStringSubmatchIndex(line)
		if next != nil {
			piece, rest = line[:next[0]], line[next[1]:]
		}
		if strings.TrimSpace(piece) != "" {
			fmt.Fprintf(w, `<text x="%.1f" y="%d" xml:space="preserve" textLength="%.1f" %s>%s</text>`+"\n",
				margin+float64(column)*charWidth, y, float64(utf8.RuneCountInString(piece))*charWidth, attributes(look), html.EscapeString(piece))
		}
		column += utf8.RuneCountInString(piece)
		if next != nil {
			look = line[next[2]:next[3]]
		}
		line = rest
	}
}

// attributes are those of SVG for the parameters of a sequence.
func attributes(look string) string {
	switch look {
	case "1":
		return `fill="#e8eaf0" font-weight="bold"`
	case "2":
		return `fill="#7d8494"`
	case "31":
		return `fill="#ff6b68"`
	case "32":
		return `fill="#5fd38a"`
	case "33":
		return `fill="#f0c15d"`
	case "34":
		return `fill="#6cb2ff"`
	}
	return `fill="#c9cedb"`
}
