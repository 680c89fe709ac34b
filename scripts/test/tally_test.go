package main

import (
	"strings"
	"testing"
)

func TestTallyCountsWhatTheRunnerSays(t *testing.T) {
	tests := []struct {
		name           string
		events         string
		passed, failed int
		prints         string
	}{
		{
			name: "passes",
			events: `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"pass","Package":"p","Elapsed":0.2}`,
			passed: 1,
			prints: "    ok    p, 1 tests (0.2 s)\n",
		},
		{
			name: "a failure shows its output",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"why\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0.2}`,
			passed: 1, failed: 1,
			prints: "why\n    FAIL  p, 1 of 2 tests (0.2 s)\n",
		},
		{
			name: "a skipped test is a failure",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"no cluster\n"}
{"Action":"skip","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.2}`,
			failed: 1,
			prints: "no cluster\n    FAIL  p, 1 of 1 tests (0.2 s)\n",
		},
		{
			name: "a build that fails is a failure",
			events: `{"Action":"build-output","ImportPath":"p","Output":"p.go:1: no\n"}
{"Action":"build-fail","ImportPath":"p"}
{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}`,
			failed: 1,
			prints: "p.go:1: no\nFAIL p [build failed]\n    FAIL  p, 0 of 0 tests (0.0 s)\n",
		},
		{
			name: "a package that dies outside of a test is a failure",
			events: `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Output":"goleak: found a goroutine\n"}
{"Action":"fail","Package":"p","Elapsed":0.2}`,
			passed: 1, failed: 1,
			prints: "goleak: found a goroutine\n    FAIL  p, 0 of 1 tests (0.2 s)\n",
		},
		{
			name: "a test that never ended tells what it printed",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: test timed out\n"}
{"Action":"output","Package":"p","Output":"FAIL p 600s\n"}
{"Action":"fail","Package":"p","Elapsed":600}`,
			failed: 1,
			prints: "panic: test timed out\nFAIL p 600s\n    FAIL  p, 0 of 0 tests (600.0 s)\n",
		},
		{
			name:   "a package without tests counts nothing",
			events: `{"Action":"output","Package":"p","Output":"? p [no test files]\n"}` + "\n" + `{"Action":"skip","Package":"p","Elapsed":0}`,
		},
		{
			name:   "what is no event is shown",
			events: "go: downloading something\n",
			prints: "go: downloading something\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			tally := newTally(&out)
			if err := tally.read(strings.NewReader(test.events)); err != nil {
				t.Fatal(err)
			}
			if tally.passed != test.passed || tally.failed != test.failed {
				t.Errorf("%d passed, %d failed; want %d and %d", tally.passed, tally.failed, test.passed, test.failed)
			}
			if out.String() != test.prints {
				t.Errorf("printed %q, want %q", out.String(), test.prints)
			}
		})
	}
}
