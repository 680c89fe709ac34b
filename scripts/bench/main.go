// Command bench is `make bench`: it measures the daemon beside kubectl, in one run and
// on one real cluster, and prints the table that docs/performance.md keeps. Medians of
// several runs are shown; what counts on a noisy machine is the ratio.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"pilothouse/scripts/clusters"
	"pilothouse/scripts/steps"
)

// clusterName is the cluster of the benchmark; it is ended afterwards.
const clusterName = "bench"

func main() {
	pods := flag.Int("pods", 10_000, "how many pods to list")
	runs := flag.Int("runs", 5, "how often to measure what is short")
	curve := flag.String("curve", "1000,3000,10000,30000", "numbers of pods for the curve of time and memory; \"\" measures none")
	keep := flag.Bool("keep", false, "leave the cluster running")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, *pods, *runs, *curve, *keep); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, pods, runs int, curve string, keep bool) (err error) {
	s := steps.Steps{Out: os.Stderr}
	do := func(what string, f func() error) {
		if err == nil {
			err = s.Do(what, f)
		}
	}
	var tool clusters.Tool
	var cluster clusters.Cluster
	report := &report{}
	do("build the daemon", func() error { return steps.Run(ctx, steps.Command{Args: []string{"make", "--silent", "build"}}) })
	do("build the cluster's tool", func() (err error) { tool, err = clusters.Build(ctx, os.Stderr); return err })
	do("start the cluster", func() (err error) { cluster, err = tool.Up(ctx, clusterName); return err })
	if err == nil && !keep {
		defer func() {
			if down := tool.Down(context.WithoutCancel(ctx), clusterName); err == nil {
				err = down
			}
		}()
	}
	m := meter{kubeconfig: cluster.Kubeconfig, kubectl: cluster.Kubectl, context: cluster.Context, runs: runs, report: report}
	do("measure the idle daemon", func() error { return m.idle(ctx) })
	var sizes []int
	for _, text := range strings.FieldsFunc(curve, func(r rune) bool { return r == ',' }) {
		var n int
		if _, scanned := fmt.Sscan(text, &n); scanned != nil {
			return fmt.Errorf("reading -curve: %w", scanned)
		}
		sizes = append(sizes, n)
	}
	load := func(n int) {
		do(fmt.Sprintf("make %d pods", n), func() error {
			return steps.Run(ctx, steps.Command{Args: []string{tool.Path, "load", "--name", clusterName, "--pods", fmt.Sprint(n)}})
		})
	}
	for _, n := range sizes {
		if n < pods {
			load(n)
			do(fmt.Sprintf("list %d pods", n), func() error { return m.point(ctx, n) })
		}
	}
	load(pods)
	do(fmt.Sprintf("list %d pods beside kubectl", pods), func() error { return m.list(ctx, pods) })
	do("follow 1,000 changes beside kubectl", func() error { return m.follow(ctx, 1000) })
	do("measure a row", func() error { return m.row(ctx) })
	for _, n := range sizes {
		if n >= pods {
			load(n)
			do(fmt.Sprintf("list %d pods", n), func() error { return m.point(ctx, n) })
		}
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s/%s, %d cores\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	report.print(os.Stdout)
	return nil
}
