// Package clusters starts and ends the real clusters of testdata/cluster, a
// module of its own whose program this package builds and calls.
package clusters

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pilothouse/scripts/steps"
)

// Source is the folder of the clusters' module, from the top of the repository.
const Source = "testdata/cluster"

// Tool is the program that runs clusters. It installs and builds what it needs,
// and keeps what it built by content, so that only the first cluster takes long.
type Tool struct {
	Path string
	// progress takes what it tells about its progress.
	progress io.Writer
}

// Build builds the tool, which takes no time when it is current.
func Build(ctx context.Context, progress io.Writer) (Tool, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return Tool{}, fmt.Errorf("finding the cache's folder: %w", err)
	}
	path := filepath.Join(cache, "pilothouse", "cluster", "pilothouse-cluster")
	err = steps.Run(ctx, steps.Command{Args: []string{"go", "build", "-o", path, "."}, Dir: Source})
	return Tool{path, indented{progress}}, err
}

// Cluster is a cluster that is up.
type Cluster struct {
	Name       string `json:"name"`
	Context    string `json:"context"`
	Kubeconfig string `json:"kubeconfig"`
	Kubectl    string `json:"kubectl"`
	// Fake clusters have an API server and nodes that are not there: pods are said
	// to run, and have no logs.
	Fake bool `json:"fake"`
}

// Up starts the cluster called name, unless it is up.
func (t Tool) Up(ctx context.Context, name string) (Cluster, error) {
	command := exec.CommandContext(ctx, t.Path, "up", "--json", "--name", name)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	var told bytes.Buffer
	command.Stderr = io.MultiWriter(t.progress, &told)
	out, err := command.Output()
	if err != nil {
		return Cluster{}, fmt.Errorf("starting cluster %q: %w: %s", name, err, lastLine(told.String()))
	}
	var c Cluster
	if err := json.Unmarshal(out, &c); err != nil {
		return Cluster{}, fmt.Errorf("reading what the cluster's start told: %w", err)
	}
	return c, nil
}

// Down ends the cluster called name and removes all of it. One that is not up is
// no failure.
func (t Tool) Down(ctx context.Context, name string) error {
	return steps.Run(ctx, steps.Command{Args: []string{t.Path, "down", "--name", name}})
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// indented puts what is written to it below the step that it belongs to.
type indented struct{ out io.Writer }

func (i indented) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if _, err := fmt.Fprintf(i.out, "    %s", line); err != nil {
			return 0, fmt.Errorf("printing progress: %w", err)
		}
	}
	return len(p), nil
}
