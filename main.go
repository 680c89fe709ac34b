// Pilothouse brings the Kubernetes development cycle into any editor. This
// program is its command line and its daemon; package cli tells what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"pilothouse/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
	stop()
	os.Exit(code)
}
