// Command hello is the application of the tests: an HTTP server that says who it is and writes logs.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := serve(ctx, ":"+getenv("PORT", "8080")); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, address string) error {
	output := &lines{to: bufio.NewWriter(os.Stdout)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from %s, version %s\n", getenv("HOSTNAME", "nowhere"), getenv("VERSION", "unset"))
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) {
		count, err := strconv.Atoi(r.URL.Query().Get("lines"))
		if err != nil {
			http.Error(w, "lines: "+err.Error(), http.StatusBadRequest)
			return
		}
		output.number(count)
		fmt.Fprintf(w, "wrote %d lines\n", count)
	})
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go output.tick(ctx, time.Second)
	go func() {
		<-ctx.Done()
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := server.Shutdown(deadline); err != nil {
			fmt.Fprintln(os.Stderr, "ending:", err)
		}
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// lines is the standard output. A batch of numbered lines has no other line between them.
type lines struct {
	mu sync.Mutex
	to *bufio.Writer
}

func (l *lines) number(count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for number := range count {
		fmt.Fprintf(l.to, "line %d\n", number+1)
	}
	l.to.Flush()
}

func (l *lines) tick(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for count := 1; ; count++ {
		l.mu.Lock()
		fmt.Fprintf(l.to, "tick %d\n", count)
		l.to.Flush()
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func getenv(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
