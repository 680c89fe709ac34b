// Command demo is `make demo`: it builds the daemon, finds or starts a cluster,
// deploys the sample application and shows its live tree and its logs. With -down
// it removes what it brought up.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/term"

	"pilothouse/scripts/clusters"
	"pilothouse/scripts/steps"
)

const (
	binary      = "bin/pilothouse"
	sample      = "testdata/apps/guestbook"
	namespace   = "pilothouse-demo"
	clusterName = "demo"
	// showFor is how long the live tree is shown where nobody sits before it.
	showFor = 15 * time.Second
	// logsFor is how long the logs are.
	logsFor = 6 * time.Second
)

func main() {
	down := flag.Bool("down", false, "remove what the demo brought up")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	d := &demo{steps: steps.Steps{Out: os.Stdout}}
	run := d.run
	if *down {
		run = d.down
	}
	err := run(ctx)
	stop()
	if err != nil {
		os.Exit(1) // the step has told why
	}
}

// demo is the demonstration on one cluster.
type demo struct {
	steps steps.Steps
	// kubeconfig is the cluster's file; "" means the user's own.
	kubeconfig string
	kubectl    string
	// logless clusters run no real pods.
	logless bool
}

func (d *demo) run(ctx context.Context) error {
	if err := d.steps.Do("build the daemon", func() error {
		return steps.Run(ctx, steps.Command{Args: []string{"make", "--silent", "build"}})
	}); err != nil {
		return err
	}
	if err := d.findCluster(ctx); err != nil {
		return err
	}
	if err := d.steps.Do("deploy the sample application ("+sample+")", func() error { return d.deploy(ctx) }); err != nil {
		return err
	}
	if err := d.showLogs(ctx); err != nil {
		return err
	}
	if err := d.showTree(ctx); err != nil {
		return err
	}
	d.next()
	return nil
}

// findCluster takes the user's current context when its cluster answers, and else
// starts a cluster on this machine.
func (d *demo) findCluster(ctx context.Context) error {
	own := false
	if err := d.steps.Do("look for a cluster", func() (err error) {
		own, err = d.useCurrentContext(ctx)
		return err
	}); err != nil || own {
		return err
	}
	var tool clusters.Tool
	if err := d.steps.Do("build the cluster's tool", func() (err error) {
		tool, err = clusters.Build(ctx, os.Stdout)
		return err
	}); err != nil {
		return err
	}
	return d.steps.Do("start the cluster", func() error { return d.startCluster(ctx, tool) })
}

// useCurrentContext tells whether the cluster of the user's current context will
// do, and fails where no cluster can be had.
func (d *demo) useCurrentContext(ctx context.Context) (own bool, err error) {
	switch name := currentContext(ctx); {
	case name == clusterName && runtime.GOOS == "linux": // somebody followed the hints below
		return false, nil
	case name != "":
		fmt.Printf("    your current context %s answers: the demo uses it, in the namespace %s\n", name, namespace)
		if d.kubectl, err = exec.LookPath("kubectl"); err != nil {
			return false, errors.New("kubectl is missing, which deploys the sample application: " +
				"install it from https://kubernetes.io/docs/tasks/tools/ and run make demo again")
		}
		return true, nil
	case runtime.GOOS != "linux":
		return false, errors.New("no cluster answers, and only on Linux the demo can start one: " +
			"start yours, for example with kind create cluster, and run make demo again")
	}
	fmt.Println("    no cluster answers in your current context: the demo starts one of its own")
	return false, nil
}

// currentContext is the name of the user's current context when its API server
// answers, else "".
func currentContext(ctx context.Context) string {
	if _, err := steps.Output(ctx, binary, "--standalone", "get", "namespaces", "-o", "name", "--request-timeout", "5s"); err != nil {
		return ""
	}
	out, err := steps.Output(ctx, binary, "--standalone", "contexts", "-o", "json")
	if err != nil {
		return ""
	}
	var list struct {
		Contexts []struct {
			Name    string `json:"name"`
			Current bool   `json:"current"`
		} `json:"contexts"`
	}
	if json.Unmarshal([]byte(out), &list) != nil {
		return ""
	}
	for _, c := range list.Contexts {
		if c.Current {
			return c.Name
		}
	}
	return ""
}

func (d *demo) startCluster(ctx context.Context, tool clusters.Tool) error {
	cluster, err := tool.Up(ctx, clusterName)
	if err != nil {
		return err
	}
	d.kubeconfig, d.kubectl, d.logless = cluster.Kubeconfig, cluster.Kubectl, cluster.Fake
	if d.logless {
		fmt.Println("    without root its nodes are fake: objects are real, pods are only said to run and have no logs")
	}
	return nil
}

// deploy applies the sample application and waits until it runs. Its own kind
// comes first: only then can there be an object of it.
func (d *demo) deploy(ctx context.Context) error {
	kind := sample + "/greeting.yaml"
	for _, args := range [][]string{
		{"apply", "-f", sample + "/namespace.yaml", "-f", kind},
		{"wait", "--for=condition=established", "--timeout=30s", "-f", kind},
		{"apply", "-f", sample},
		{"rollout", "status", "deployment", "--namespace", namespace, "--timeout=3m"},
	} {
		if err := steps.Run(ctx, d.command(args...)); err != nil {
			return err
		}
	}
	return nil
}

// showLogs follows the application's logs for a few seconds.
func (d *demo) showLogs(ctx context.Context) error {
	if d.logless {
		return nil
	}
	fmt.Print("\nThe application's logs (followed by kubectl: Pilothouse has no logs command yet):\n\n")
	limited, cancel := context.WithTimeout(ctx, logsFor)
	defer cancel()
	logs := d.command("logs", "--namespace", namespace, "deployment/visitor", "--tail=5", "--follow")
	logs.Out = os.Stdout
	if err := steps.Run(limited, logs); limited.Err() == nil {
		return err
	}
	return ctx.Err()
}

// showTree shows the live tree while the application is scaled up and down: until
// Ctrl-C on a terminal, else for a while.
func (d *demo) showTree(ctx context.Context) error {
	interactive := term.IsTerminal(int(os.Stdout.Fd()))
	if interactive {
		fmt.Print("\nThe live tree, while the web server is scaled. Ctrl-C ends it.\n\n")
	} else {
		fmt.Printf("\nThe live tree for %s, while the web server is scaled.\n\n", showFor)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, showFor)
		defer cancel()
	}
	scaled := make(chan error, 1)
	go func() { scaled <- d.scale(ctx) }()
	show := exec.CommandContext(ctx, binary, "tree", "--watch", "--namespace", namespace)
	show.Env = d.environment()
	show.Stdout, show.Stderr = os.Stdout, os.Stderr
	show.Cancel = func() error { return show.Process.Signal(os.Interrupt) }
	show.WaitDelay = 5 * time.Second
	err := show.Run()
	if ctx.Err() != nil {
		err = nil // ended as it should: by Ctrl-C or after its time
	}
	return errors.Join(err, <-scaled)
}

// scale scales the web server up and down again, a few seconds apart, and leaves
// it as it was.
func (d *demo) scale(ctx context.Context) error {
	for _, replicas := range []string{"4", "2"} {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(showFor / 3):
		}
		scale := d.command("scale", "deployment/web", "--namespace", namespace, "--replicas="+replicas)
		if err := steps.Run(ctx, scale); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (d *demo) next() {
	fmt.Print("\nWhat to try next:\n\n")
	if d.kubeconfig != "" {
		fmt.Printf("  export KUBECONFIG=%s\n", d.kubeconfig)
	}
	fmt.Printf(`  %[1]s contexts
  %[1]s tree -n %[2]s --watch --depth 5
  %[1]s get pods -A --watch
  %[1]s doctor
  %[3]s -n %[2]s scale deployment/web --replicas=5
  make demo-down
`, binary, namespace, d.kubectl)
}

// down removes the demo's cluster, or the sample application from the user's.
func (d *demo) down(ctx context.Context) error {
	if runtime.GOOS == "linux" {
		err := d.steps.Do("end the demo's cluster", func() error {
			tool, err := clusters.Build(ctx, os.Stdout)
			if err != nil {
				return err
			}
			return tool.Down(ctx, clusterName)
		})
		if err != nil {
			return err
		}
	}
	return d.steps.Do("remove the sample application from your current context", func() error { return d.remove(ctx) })
}

// remove deletes the sample application where the demo has deployed it.
func (d *demo) remove(ctx context.Context) error {
	d.kubectl = "kubectl"
	if !d.deployed(ctx) {
		fmt.Println("    it is not there")
		return nil
	}
	return steps.Run(ctx, d.command("delete", "-f", sample, "--ignore-not-found", "--timeout=2m"))
}

// deployed tells whether the sample application is there. Without kubectl the demo
// has deployed nothing, and a cluster that does not answer has nothing to remove from.
func (d *demo) deployed(ctx context.Context) bool {
	return steps.Run(ctx, d.command("get", "namespace", namespace, "--request-timeout=5s")) == nil
}

// command is a call of kubectl in the demo's cluster.
func (d *demo) command(args ...string) steps.Command {
	c := steps.Command{Args: append([]string{d.kubectl}, args...)}
	if d.kubeconfig != "" {
		c.Env = []string{"KUBECONFIG=" + d.kubeconfig}
	}
	return c
}

func (d *demo) environment() []string {
	if d.kubeconfig == "" {
		return os.Environ()
	}
	return append(os.Environ(), "KUBECONFIG="+d.kubeconfig)
}
