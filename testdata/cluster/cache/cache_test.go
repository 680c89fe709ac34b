package cache

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func content(text string) func(io.Writer) error {
	return func(to io.Writer) error {
		_, err := io.WriteString(to, text)
		return err
	}
}

func fill(folder string) error {
	return os.WriteFile(filepath.Join(folder, "file"), nil, 0o600)
}

func newCache(t *testing.T) Cache {
	return Cache{Folder: t.TempDir(), Waiting: func(string) {}}
}

func TestTheSameContentIsMadeOnce(t *testing.T) {
	c := newCache(t)
	var made atomic.Int32
	var makers sync.WaitGroup
	for range 8 {
		makers.Go(func() {
			if _, err := c.Get(t.Context(), "thing", content("a"), func(folder string) error {
				made.Add(1)
				return fill(folder)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	makers.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
}

func TestAnotherContentIsMadeAnew(t *testing.T) {
	c := newCache(t)
	first, err := c.Get(t.Context(), "thing", content("a"), fill)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Get(t.Context(), "thing", content("b"), fill)
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Errorf("both are %s", first)
	}
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	c := newCache(t)
	broken := errors.New("broken")
	if _, err := c.Get(t.Context(), "thing", content("a"), func(folder string) error {
		return errors.Join(fill(folder), broken)
	}); !errors.Is(err, broken) {
		t.Fatalf("the error is %v", err)
	}
	left, err := filepath.Glob(filepath.Join(c.Folder, "*thing-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, err := c.Get(t.Context(), "thing", content("a"), fill); err != nil {
		t.Error(err)
	}
}

func TestOldVersionsGoAndUsedOnesStay(t *testing.T) {
	c := newCache(t)
	versions := map[string]string{}
	for _, text := range []string{"old", "used"} {
		folder, err := c.Get(t.Context(), "thing", content(text), fill)
		if err != nil {
			t.Fatal(err)
		}
		versions[text] = folder
		long := time.Now().Add(-2 * kept)
		if err := os.Chtimes(folder, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Get(t.Context(), "thing", content("used"), fill); err != nil {
		t.Fatal(err)
	}
	// An archive may give a new folder an old date.
	dated, err := c.Get(t.Context(), "thing", content("new"), func(folder string) error {
		return os.Chtimes(folder, time.Unix(0, 0), time.Unix(0, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	versions["new"] = dated
	for text, want := range map[string]bool{"old": false, "used": true, "new": true} {
		_, err := os.Stat(versions[text])
		if got := err == nil; got != want {
			t.Errorf("%s is there: %v", text, got)
		}
	}
}
