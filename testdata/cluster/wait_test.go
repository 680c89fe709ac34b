//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pilothouse/testdata/cluster/config"
)

func TestAWaitShowsTheEndOfTheLogOfWhoIsLate(t *testing.T) {
	cluster := &config.Cluster{Name: "a", State: t.TempDir()}
	if err := os.Mkdir(filepath.Dir(cluster.Log("kubelet")), 0o755); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for number := range 100 {
		fmt.Fprintf(&log, "message %d.\n", number)
	}
	if err := os.WriteFile(cluster.Log("kubelet"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	late := errors.New("still late")
	err := until(t.Context(), cluster, 30*time.Millisecond, "the node", "kubelet", func(context.Context) error { return late })
	if !errors.Is(err, late) {
		t.Fatalf("the error is %v", err)
	}
	for text, want := range map[string]bool{"the node is not ready within 30ms": true, "message 99.": true, "message 70.": true, "message 69.": false} {
		if strings.Contains(err.Error(), text) != want {
			t.Errorf("the error tells %q: %v\n%v", text, !want, err)
		}
	}
}

func TestAWaitEndsAtOnceWhenNothingMendsIt(t *testing.T) {
	cluster := &config.Cluster{Name: "a", State: t.TempDir()}
	started := time.Now()
	err := until(t.Context(), cluster, time.Minute, "the node", "kubelet", func(context.Context) error { return finalError{errors.New("it failed")} })
	if err == nil || time.Since(started) > 10*time.Second {
		t.Errorf("after %s the error is %v", time.Since(started), err)
	}
}
