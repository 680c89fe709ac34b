package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// tally counts tests as `go test -json` tells them and prints a line a package,
// and in full what failed.
type tally struct {
	out            io.Writer
	passed, failed int
	// output is what running tests and builds have printed, by their name.
	output map[string]*strings.Builder
	// inPackage counts the tests of packages that have not ended, and their failures.
	inPackage map[string]*counts
}

type counts struct{ tests, failed int }

// event is a line of `go test -json`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, output: make(map[string]*strings.Builder), inPackage: make(map[string]*counts)}
}

// read takes events until r ends. A line that is no event is printed as it is.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return fmt.Errorf("reading the tests' results: %w", err)
		}
	}
}

func (t *tally) line(line string) {
	var e event
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		fmt.Fprint(t.out, line)
		return
	}
	switch e.Action {
	case "output", "build-output":
		t.outputOf(e.name()).WriteString(e.Output)
	case "build-fail":
		fmt.Fprint(t.out, t.take(e.name()))
	case "pass", "fail", "skip":
		t.end(e)
	}
}

// name tells what an event belongs to: a test, a package or a build.
func (e event) name() string {
	return e.ImportPath + e.Package + " " + e.Test
}

func (t *tally) end(e event) {
	count := t.inPackage[e.Package]
	if count == nil {
		count = new(counts)
		t.inPackage[e.Package] = count
	}
	output := t.take(e.name())
	if e.Test == "" {
		t.endPackage(e, *count, output)
		return
	}
	count.tests++
	if e.Action == "pass" {
		t.passed++
		return
	}
	// A skipped test has shown nothing: it counts as failed.
	t.failed++
	count.failed++
	fmt.Fprint(t.out, output)
}

func (t *tally) endPackage(e event, count counts, output string) {
	delete(t.inPackage, e.Package)
	switch {
	case e.Action == "fail" && count.failed == 0:
		t.failed++ // it does not build, or something ended it outside of a test's end
		fmt.Fprint(t.out, t.unended(e.Package), output)
	case e.Action != "fail" && count.failed == 0 && count.tests > 0:
		fmt.Fprintf(t.out, "    ok    %s, %d tests (%.1f s)\n", e.Package, count.tests, e.Elapsed)
		return
	case count.tests == 0:
		return
	}
	fmt.Fprintf(t.out, "    FAIL  %s, %d of %d tests (%.1f s)\n", e.Package, count.failed, count.tests, e.Elapsed)
}

// unended answers what tests of a package printed that never ended: a panic or a
// time limit ended all of them, and the last tells why.
func (t *tally) unended(pkg string) string {
	var names []string
	for name := range t.output {
		if strings.HasPrefix(name, pkg+" ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(t.take(name))
	}
	return b.String()
}

func (t *tally) outputOf(name string) *strings.Builder {
	b := t.output[name]
	if b == nil {
		b = new(strings.Builder)
		t.output[name] = b
	}
	return b
}

// take answers what was printed under name, and forgets it.
func (t *tally) take(name string) string {
	text := t.outputOf(name).String()
	delete(t.output, name)
	return text
}
