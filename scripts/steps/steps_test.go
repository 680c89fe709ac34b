package steps_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pilothouse/scripts/steps"
)

func TestStepsTellWhatIsDoneAndHowLongItTook(t *testing.T) {
	var out strings.Builder
	s := steps.Steps{Out: &out}
	if err := s.Do("sow", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	drought := errors.New("no rain\nfor weeks")
	if err := s.Do("reap", func() error { return drought }); !errors.Is(err, drought) {
		t.Errorf("the failure is lost: %v", err)
	}
	want := `^\.\.\. sow\n==> sow \(\d+\.\d s\)\n\.\.\. reap\n==> reap FAILED \(\d+\.\d s\)\n    no rain\n    for weeks\n$`
	if !regexp.MustCompile(want).MatchString(out.String()) {
		t.Errorf("printed\n%s", &out)
	}
}

func TestFailedCommandTellsItsLastLines(t *testing.T) {
	err := steps.Run(t.Context(), steps.Command{Args: []string{"go", "no-such-command"}})
	if err == nil || !strings.Contains(err.Error(), "go no-such-command: exit status 2") || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("got %v", err)
	}
}

func TestQuietDropsWhatIsDownloaded(t *testing.T) {
	var out strings.Builder
	quiet := steps.Quiet(&out)
	for _, piece := range []string{"go: down", "loading example.com/m v1.0.0\ngo: fin", "ding\n", "ok\n"} {
		if _, err := quiet.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "go: finding\nok\n" {
		t.Errorf("passed on %q", out.String())
	}
}
