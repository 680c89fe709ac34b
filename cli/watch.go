package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pilothouse/cli/outline"
	"pilothouse/cli/table"
	"pilothouse/explorer/tree"
)

const (
	// tick is how often a watched tree is drawn although nothing changed: ages do.
	tick = time.Second
	// pauseBetweenDraws bounds how often it is drawn when much changes.
	pauseBetweenDraws = 100 * time.Millisecond
)

// redraw shows the tree in place, as much of it as fits, until ctx ends.
func (o treeOptions) redraw(ctx context.Context, e *expander, terminal terminal) error {
	drawn := 0
	for {
		width, height := terminal.size()
		lines := outline.Lines(e.outline(), o.options(wantsColor(), width))
		lines = fit(lines, height-1)
		fmt.Fprint(o.streams.Out, over(lines, drawn))
		drawn = len(lines)

		if err := pause(ctx, pauseBetweenDraws); err != nil {
			return err
		}
		if err := e.next(ctx, tick); err != nil {
			return err
		}
	}
}

// next waits until something changed, or for at most limit, and expands what is new.
func (e *expander) next(ctx context.Context, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := e.session.views.Wait(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = e.expand(ctx)
	return err
}

// fit keeps as many lines as the screen has, and says how many it does not show.
func fit(lines []string, height int) []string {
	if len(lines) <= height || height < 2 {
		return lines
	}
	kept := slices.Clone(lines[:height-1])
	return append(kept, fmt.Sprintf("... %d more lines; a larger window or a smaller --depth shows all", len(lines)-height+1))
}

// over draws lines over the ones that were drawn before, in the control sequences
// of ECMA-48: up, erase to the end of the line, erase below.
func over(lines []string, drawn int) string {
	var b strings.Builder
	if drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", drawn)
	}
	for _, line := range lines {
		b.WriteString("\r" + line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	return b.String()
}

// log prints a line for every change to the tree that was printed, until ctx ends.
func (o treeOptions) log(ctx context.Context, e *expander) error {
	for {
		if err := e.session.views.Wait(ctx); err != nil {
			return err
		}
		if _, err := e.expand(ctx); err != nil {
			return err
		}
		now := time.Now()
		for _, c := range e.changes() {
			fmt.Fprintln(o.streams.Out, c.line(now, o.output == "wide"))
		}
	}
}

// line tells a change: when, what, where, and how the row reads now.
func (c change) line(now time.Time, wide bool) string {
	names := make([]string, 0, len(c.path)+1)
	for _, name := range append(slices.Clip(c.path), c.row.Name) {
		names = append(names, table.Printable(name))
	}
	parts := []string{now.Format("15:04:05.000"), fmt.Sprintf("%-7s", c.verb), strings.Join(names, " › ")}
	if c.row.Count != nil {
		parts = append(parts, fmt.Sprintf("(%d)", *c.row.Count))
	}
	for i, column := range c.columns {
		if strings.EqualFold(column.Name, "name") || column.Wide && !wide {
			continue
		}
		if cell := table.Cell(c.row, i, now); cell != "" {
			parts = append(parts, cell)
		}
	}
	if len(c.row.Cells) == 0 && c.row.Health != tree.HealthUnknown {
		parts = append(parts, string(c.row.Health))
	}
	if c.row.Problem != nil && c.row.Problem.Message != c.row.Name {
		parts = append(parts, table.Printable(c.row.Problem.Message))
	}
	return strings.Join(parts, "  ")
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
