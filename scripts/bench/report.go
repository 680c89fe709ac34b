package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// report collects the lines of the table.
type report struct {
	lines  []line
	points []point
}

// line is one figure beside the peer's; a peer of 0 has none.
type line struct {
	what       string
	ours, peer float64
	unit       string
	aim        string
}

// point is one place on the curve of time and memory over the number of pods.
type point struct {
	pods         int
	first, whole time.Duration
	held, peak   float64 // MB
}

func (r *report) add(what string, ours, peer float64, unit, aim string) {
	r.lines = append(r.lines, line{what, ours, peer, unit, aim})
}

func (r *report) print(w io.Writer) {
	fmt.Fprintln(w, "| what | Pilothouse | kubectl | ratio | aim |\n|---|---|---|---|---|")
	for _, l := range r.lines {
		peer, ratio := "", ""
		if l.peer > 0 {
			peer, ratio = fmt.Sprintf("%.4g %s", l.peer, l.unit), fmt.Sprintf("%.2f", l.ours/l.peer)
		}
		fmt.Fprintf(w, "| %s | %.4g %s | %s | %s | %s |\n", l.what, l.ours, l.unit, peer, ratio, l.aim)
	}
	if len(r.points) == 0 {
		return
	}
	fmt.Fprintln(w, "\n| pods | first rows | whole list | memory held | peak memory |\n|---|---|---|---|---|")
	slices.SortFunc(r.points, func(a, b point) int { return a.pods - b.pods })
	for _, p := range r.points {
		fmt.Fprintf(w, "| %d | %.0f ms | %.0f ms | %.0f MB | %.0f MB |\n", p.pods, ms(p.first), ms(p.whole), p.held, p.peak)
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median of durations in milliseconds.
func median(all []time.Duration) float64 { return quantile(all, 0.5) }

func quantile(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return ms(sorted[int(q*float64(len(sorted)-1))])
}

func medianOf(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(all))[len(all)/2]
}
