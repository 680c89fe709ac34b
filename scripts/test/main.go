// Command test is `make test`: it builds, lints and runs every test, with real
// clusters that it starts and ends, and prints what each step took. The last line
// says how many tests passed and failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"pilothouse/scripts/clusters"
	"pilothouse/scripts/steps"
)

// The clusters of the tests have names of their own, beside the demo's.
const (
	firstCluster  = "test-1"
	secondCluster = "test-2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	r := &runner{steps: steps.Steps{Out: os.Stdout}, tally: newTally(os.Stdout)}
	r.run(ctx)
	stop()
	fmt.Printf("\n%d passed, %d failed\n", r.tally.passed, r.tally.failed)
	if r.tally.failed > 0 || r.tally.passed == 0 {
		os.Exit(1)
	}
}

// runner runs the steps; one that fails does not keep the next from telling more.
type runner struct {
	steps steps.Steps
	tally *tally
}

func (r *runner) run(ctx context.Context) {
	if !r.step("look for the tools", func() error { return lookFor("go", "git", "make", "gcc") }) {
		return
	}
	if !r.step("build the daemon", func() error { return run(ctx, "make", "--silent", "build") }) {
		return
	}
	r.step("lint", func() error { return run(ctx, "make", "--silent", "lint") })
	r.test(ctx, "test what needs no cluster, with the race detector", goTest{args: []string{"-race", "./..."}})
	if !r.step("look for what clusters need", clustersCanRun) {
		return
	}
	var tool clusters.Tool
	if !r.step("build the cluster's tool", func() (err error) {
		tool, err = clusters.Build(ctx, os.Stdout)
		return err
	}) {
		return
	}
	r.testOnClusters(ctx, tool)
	r.test(ctx, "test the clusters themselves", goTest{dir: clusters.Source, args: []string{"./..."}})
}

// clustersCanRun tells in one sentence why no cluster with a real node can run here.
func clustersCanRun() error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return errors.New("the tests' clusters need Linux and root: run make test there, or make test-unit here, which runs the rest")
	}
	return nil
}

// testOnClusters runs the tests that need real clusters, and ends the clusters
// whatever comes.
func (r *runner) testOnClusters(ctx context.Context, tool clusters.Tool) {
	defer r.step("end the clusters", func() error {
		// An interrupt has ended ctx, and still the clusters have to go.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return errors.Join(tool.Down(last, firstCluster), tool.Down(last, secondCluster))
	})
	var first, second clusters.Cluster
	if !r.step("start two clusters", func() (err error) {
		if first, err = tool.Up(ctx, firstCluster); err != nil {
			return err
		}
		second, err = tool.Up(ctx, secondCluster)
		return err
	}) {
		return
	}
	r.test(ctx, "test on the clusters, with the race detector", goTest{
		// One package at a time: some stop the API server to see what happens.
		args: []string{"-race", "-count=1", "-p=1", "-tags=cluster", "-run=^TestCluster", "./..."},
		env: []string{
			"PILOTHOUSE_TEST_CLUSTER=" + tool.Path,
			"PILOTHOUSE_TEST_KUBECONFIG=" + first.Kubeconfig,
			"PILOTHOUSE_TEST_KUBECONFIG_2=" + second.Kubeconfig,
		},
	})
}

// step does what is no test; its failure counts as one.
func (r *runner) step(what string, do func() error) bool {
	if err := r.steps.Do(what, do); err != nil {
		r.tally.failed++
		return false
	}
	return true
}

// goTest is a run of `go test`.
type goTest struct {
	dir  string
	args []string
	env  []string
}

// test runs tests and counts them.
func (r *runner) test(ctx context.Context, what string, g goTest) {
	failed := r.tally.failed
	err := r.steps.Do(what, func() error { return g.run(ctx, r.tally) })
	if err != nil && r.tally.failed == failed {
		r.tally.failed++ // the run itself failed: its tests may not have been run
	}
}

func (g goTest) run(ctx context.Context, tally *tally) error {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, g.args...)...)
	command.Dir = g.dir
	command.Env = append(os.Environ(), g.env...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stderr = steps.Quiet(os.Stdout)
	events, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting go test: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting go test: %w", err)
	}
	return errors.Join(tally.read(events), command.Wait())
}

// run runs a program and shows what it prints.
func run(ctx context.Context, args ...string) error {
	return steps.Run(ctx, steps.Command{Args: args, Out: steps.Quiet(os.Stdout)})
}

// lookFor tells in one sentence what is missing and how to get it.
func lookFor(programs ...string) error {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing: install it, on Debian with: apt-get install %s", program, program)
		}
	}
	return nil
}
