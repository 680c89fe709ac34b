package outline

import (
	"strings"
	"unicode/utf8"

	"pilothouse/explorer/tree"
)

// text is styled text that knows how wide it is without its styles.
type text struct {
	spans []span
	width int
}

// span is a piece of text in one style.
type span struct {
	text  string
	style style
}

// style is an SGR parameter of ECMA-48, as terminals understand it; "" is none.
type style string

const (
	styleBold   style = "1"
	styleDim    style = "2"
	styleRed    style = "31"
	styleGreen  style = "32"
	styleYellow style = "33"
	styleBlue   style = "34"
)

func plain(s string) text { return styled(s, "") }
func bold(s string) text  { return styled(s, styleBold) }
func dim(s string) text   { return styled(s, styleDim) }

func styled(s string, style style) text {
	return text{spans: []span{{s, style}}, width: utf8.RuneCountInString(s)}
}

func join(parts ...text) text {
	var all text
	for _, part := range parts {
		all.spans = append(all.spans, part.spans...)
		all.width += part.width
	}
	return all
}

// render writes the text, cut to width when width is not 0.
func (t text) render(color bool, width int) string {
	var b strings.Builder
	left := t.width
	if width > 0 {
		left = width
	}
	for _, span := range t.spans {
		s := cut(span.text, left)
		left -= utf8.RuneCountInString(s)
		if color && span.style != "" && s != "" {
			s = "\x1b[" + string(span.style) + "m" + s + "\x1b[0m"
		}
		b.WriteString(s)
	}
	return b.String()
}

// cut shortens s to width characters and shows that it did.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	return string([]rune(s)[:width-1]) + "…"
}

// dot is the mark of a health.
func dot(health tree.Health) text {
	switch health {
	case tree.HealthGood:
		return styled("● ", styleGreen)
	case tree.HealthProgress:
		return styled("● ", styleBlue)
	case tree.HealthWarning:
		return styled("● ", styleYellow)
	case tree.HealthBad:
		return styled("● ", styleRed)
	}
	return styled("· ", styleDim)
}

// word says a health in text without colour, as far as somebody should look.
func word(health tree.Health) string {
	switch health {
	case tree.HealthProgress:
		return "in progress"
	case tree.HealthWarning:
		return "warning"
	case tree.HealthBad:
		return "bad"
	}
	return ""
}
