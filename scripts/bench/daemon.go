package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pilothouse/server"
)

const binary = "bin/pilothouse"

// daemon is a daemon of its own for one measurement.
type daemon struct {
	process *exec.Cmd
	client  *server.Client
	folder  string
	answers time.Duration // from the start of the process to the answer to initialize
}

// startDaemon starts a fresh daemon that knows the benchmark's cluster alone.
func (m *meter) startDaemon(ctx context.Context) (*daemon, error) {
	folder, err := os.MkdirTemp("", "pilothouse-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the daemon: %w", err)
	}
	socket := filepath.Join(folder, "socket", "daemon.sock")
	d := &daemon{folder: folder}
	d.process = exec.CommandContext(ctx, binary, "serve", "--socket", socket, "--log-file", filepath.Join(folder, "log"))
	d.process.Env = append(os.Environ(), "KUBECONFIG="+m.kubeconfig, "XDG_STATE_HOME="+folder)
	began := time.Now()
	if err := d.process.Start(); err != nil {
		return nil, fmt.Errorf("starting the daemon: %w", err)
	}
	for d.client == nil {
		d.client, err = server.Connect(ctx, server.ConnectOptions{Socket: socket, Name: "bench", Version: m.version, Command: []string{"false"}, Patience: time.Millisecond})
		if err != nil && time.Since(began) > 10*time.Second {
			return nil, fmt.Errorf("waiting for the daemon: %w", err)
		}
	}
	d.answers = time.Since(began)
	return d, nil
}

func (d *daemon) stop() {
	_ = d.client.Close()
	_ = d.process.Process.Signal(syscall.SIGTERM)
	_ = d.process.Wait() // ended by a signal
	_ = os.RemoveAll(d.folder)
}

// memory gives a line of the process's status in MB: VmRSS is held now, VmHWM was the most.
func (d *daemon) memory(field string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.process.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the daemon's memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			var kb float64
			_, err := fmt.Sscan(rest, &kb)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("the daemon's status tells no %s", field)
}
