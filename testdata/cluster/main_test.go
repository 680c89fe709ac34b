//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests use the program as its users do. They fail, and do not skip, where no cluster can run.

var program struct {
	path  string
	state string
}

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "pilothouse-cluster-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	program.path, program.state = filepath.Join(folder, "pilothouse-cluster"), filepath.Join(folder, "state")
	if output, err := exec.Command("go", "build", "-o", program.path, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, output)
		return 1
	}
	defer func() {
		for _, name := range []string{"promises", "beside", "alone"} {
			if output, err := invoke("--name", name, "down").CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "ending cluster %s: %v\n%s", name, err, output)
			}
		}
	}()
	return m.Run()
}

// invoke is the program with a state folder of the tests.
func invoke(args ...string) *exec.Cmd {
	command := exec.Command(program.path, args...)
	command.Env = append(os.Environ(), "XDG_STATE_HOME="+program.state)
	return command
}

// cluster is one that is up.
type cluster struct {
	summary
}

// up starts a cluster, or finds that it is up.
func up(t *testing.T, name string, args ...string) cluster {
	t.Helper()
	command := invoke(append([]string{"--name", name, "up", "--json"}, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("up: %v\n%s", err, stderr.Bytes())
	}
	var started cluster
	if err := json.Unmarshal(output, &started.summary); err != nil {
		t.Fatalf("up --json printed %q: %v", output, err)
	}
	return started
}

// promises returns the cluster that most tests share.
func promises(t *testing.T) cluster {
	t.Helper()
	return up(t, "promises")
}

// run runs a command of the program on the cluster and returns what it prints.
func (c cluster) run(t *testing.T, args ...string) string {
	t.Helper()
	output, err := invoke(append([]string{"--name", c.Name}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("pilothouse-cluster %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// kubectl runs kubectl and returns what it prints.
func (c cluster) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	output, err := c.tryKubectl(args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func (c cluster) tryKubectl(args ...string) (string, error) {
	command := exec.Command(c.Kubectl, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

// apply applies a manifest.
func (c cluster) apply(t *testing.T, manifest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, "apply", "-f", file)
}

// namespace makes a namespace for a test, in which a pod can be made at once.
func (c cluster) namespace(t *testing.T) string {
	t.Helper()
	name := strings.ToLower(t.Name())
	c.kubectl(t, "create", "namespace", name)
	t.Cleanup(func() {
		if _, err := c.tryKubectl("delete", "namespace", name, "--wait=false"); err != nil {
			t.Log(err)
		}
	})
	eventually(t, 20*time.Second, func() error {
		_, err := c.tryKubectl("-n", name, "get", "serviceaccount", "default")
		return err
	})
	return name
}

// shell runs a pod of busybox that waits, and waits for it.
func (c cluster) shell(t *testing.T, namespace, name string) {
	t.Helper()
	c.kubectl(t, "-n", namespace, "run", name, "--image=busybox", "--image-pull-policy=IfNotPresent", "--restart=Never", "--", "sh", "-c", "echo started; exec sleep 3600")
	c.kubectl(t, "-n", namespace, "wait", "--for=condition=Ready", "pod/"+name, "--timeout=30s")
}

// eventually repeats check until it returns nil, and fails with its last error.
func eventually(t *testing.T, deadline time.Duration, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %v", deadline, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a process that ends with the test.
func start(t *testing.T, command *exec.Cmd) *output {
	t.Helper()
	var written output
	command.Stdout, command.Stderr = &written, &written
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		_ = command.Wait() // it was killed
	})
	return &written
}

func contains(text, part string) error {
	if !strings.Contains(text, part) {
		return fmt.Errorf("%q does not contain %q", text, part)
	}
	return nil
}
