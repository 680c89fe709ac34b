package logging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"pilothouse/server/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFileStartsAnewWhenItIsLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "daemon.log")
	f, err := OpenFile(path, 100, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := fmt.Fprintf(f, "%d%s\n", i, strings.Repeat(".", 38)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for name, first := range map[string]string{path: "8", path + ".1": "6", path + ".2": "4"} {
		text, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(text), first) || len(text) != 80 {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read %s: %v, %v", name, info.Mode(), err)
		}
	}
	if _, err := os.Stat(path + ".3"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("more than two files are kept: %v", err)
	}
}

func TestFileGoesOnWhereItEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daemon.log")
	for range 2 {
		f, err := OpenFile(path, 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(f, "began")
		f.Close()
	}
	if text, _ := os.ReadFile(path); string(text) != "began\nbegan\n" {
		t.Errorf("the file holds %q", text)
	}
}

// next gives the records that wait for a follower.
func next(t *testing.T, f *Follower) (records []wire.LogRecord) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		record, err := f.Next(ended)
		if err != nil {
			return records
		}
		records = append(records, record)
	}
}

func TestFollowerGetsWhatTheLevelLetsThrough(t *testing.T) {
	var file bytes.Buffer
	book, log := NewBook(&file, slog.LevelWarn)
	f := book.Follow(slog.LevelDebug)
	log.Debug("below")
	log.Warn("above")
	if got := next(t, f); len(got) != 2 || got[0].Message != "below" || got[0].Level != "debug" || got[1].Level != "warn" {
		t.Errorf("the follower got %+v", got)
	}
	if text := file.String(); strings.Contains(text, "below") || !strings.Contains(text, "above") {
		t.Errorf("the file holds %q", text)
	}
	book.SetLevel(slog.LevelDebug)
	f.Close()
	log.Debug("after")
	if got := next(t, f); len(got) != 0 {
		t.Errorf("after it was closed the follower got %+v", got)
	}
	if !strings.Contains(file.String(), "after") {
		t.Error("the file did not take the new level")
	}
}

func TestRecordCarriesAttributesAndGroups(t *testing.T) {
	book, log := NewBook(&bytes.Buffer{}, slog.LevelInfo)
	f := book.Follow(slog.LevelInfo)
	with := log.With("a", 1).WithGroup("g").With("b", slog.GroupValue(slog.Int("c", 2)))
	with.Info("m", "d", errors.New("e"), "", slog.GroupValue(slog.Bool("f", true)))
	with.Info("n")
	got := next(t, f)
	want := map[string]string{"a": "1", "g.b.c": "2", "g.d": "e", "g.f": "true"}
	if len(got) != 2 || !maps.Equal(got[0].Attributes, want) {
		t.Errorf("got %+v, want %v", got, want)
	}
	if want := (map[string]string{"a": "1", "g.b.c": "2"}); len(got) == 2 && !maps.Equal(got[1].Attributes, want) {
		t.Errorf("the second record has %v, want %v", got[1].Attributes, want)
	}
}

func TestSlowFollowerIsToldHowManyItMissed(t *testing.T) {
	book, log := NewBook(&bytes.Buffer{}, slog.LevelInfo)
	f := book.Follow(slog.LevelInfo)
	for i := range waiting + 7 {
		log.Info("m", "i", i)
	}
	got := next(t, f)
	if len(got) != waiting || got[0].Attributes["i"] != "7" || got[0].Dropped != 7 || got[1].Dropped != 0 {
		t.Errorf("%d records came, the first is %+v", len(got), got[0])
	}
}

func TestLevelsHaveNames(t *testing.T) {
	for name, want := range map[string]slog.Level{
		"": slog.LevelInfo, "debug": slog.LevelDebug, "Info": slog.LevelInfo, "warn": slog.LevelWarn, "ERROR": slog.LevelError,
	} {
		if got, ok := ParseLevel(name); got != want || !ok {
			t.Errorf("%q is %v, %v", name, got, ok)
		}
	}
	if _, ok := ParseLevel("loud"); ok {
		t.Error("loud is a level")
	}
}
