package server

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// asDaemon makes the test's executable run as a detached daemon at the socket
// that it names, for tests of processes.
const asDaemon = "PILOTHOUSE_TEST_DAEMON"

func TestMain(m *testing.M) {
	if path := os.Getenv(asDaemon); path != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := Run(ctx, RunOptions{Socket: path, Idle: time.Minute, Detached: true}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
