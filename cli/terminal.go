package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is a screen that is written to.
type terminal struct{ fd int }

// asTerminal tells whether out is a terminal that can move its cursor.
func asTerminal(out io.Writer) (terminal, bool) {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) {
		return terminal{}, false
	}
	return terminal{int(file.Fd())}, true
}

// size is how many characters and lines fit; that of a VT100 where nobody knows.
func (t terminal) size() (width, height int) {
	width, height, err := term.GetSize(t.fd)
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// wantsColor follows https://no-color.org.
func wantsColor() bool {
	return os.Getenv("NO_COLOR") == ""
}
