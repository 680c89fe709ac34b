//go:build cluster

package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// patience is how long a test waits for what must happen.
const patience = 90 * time.Second

const sampleNamespace = "pilothouse-demo"

// realCluster is the test cluster, with the sample application in it until the
// test ends.
type realCluster struct {
	tool, name, kubeconfig string
}

func newRealCluster(t *testing.T) realCluster {
	t.Helper()
	file, tool := os.Getenv("PILOTHOUSE_TEST_KUBECONFIG"), os.Getenv("PILOTHOUSE_TEST_CLUSTER")
	if file == "" || tool == "" {
		t.Fatal("PILOTHOUSE_TEST_KUBECONFIG and PILOTHOUSE_TEST_CLUSTER name no cluster: run the tests by `make test`, which starts one")
	}
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := realCluster{tool: tool, name: config.CurrentContext, kubeconfig: file}
	sample := filepath.Join("..", "testdata", "apps", "guestbook")
	kind := filepath.Join(sample, "greeting.yaml")
	t.Cleanup(func() { c.kubectl(t, "delete", "--ignore-not-found", "-f", sample) })
	c.kubectl(t, "apply", "-f", filepath.Join(sample, "namespace.yaml"), "-f", kind)
	c.kubectl(t, "wait", "--for=condition=established", "--timeout=30s", "-f", kind)
	c.kubectl(t, "apply", "-f", sample)
	c.kubectl(t, "rollout", "status", "deployment", "-n", sampleNamespace, "--timeout=2m")
	return c
}

// kubectl answers what kubectl prints. It works while a test cleans up, too.
func (c realCluster) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, c.tool, append([]string{"--name", c.name, "kubectl", "--"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// pilothouse answers what the command line prints, working in this process.
func (c realCluster) pilothouse(t *testing.T, args ...string) string {
	t.Helper()
	var out lockedBuffer
	code := Run(t.Context(), append([]string{"--kubeconfig", c.kubeconfig, "--request-timeout", "30s"}, args...), Streams{Out: &out, ErrOut: &out})
	if code != 0 {
		t.Fatalf("pilothouse %s: exit code %d\n%s", strings.Join(args, " "), code, &out)
	}
	return out.String()
}

func TestClusterCommandLine(t *testing.T) {
	c := newRealCluster(t)
	t.Run("get prints what kubectl prints", c.getPrintsWhatKubectlPrints)
	t.Run("tree shows a working namespace", c.treeShowsAWorkingNamespace)
	t.Run("tree --watch follows a rollout and a new kind", c.treeWatchFollowsARolloutAndANewKind)
	t.Run("a cluster that does not answer is explained", c.silenceIsExplained)
}

func (c realCluster) getPrintsWhatKubectlPrints(t *testing.T) {
	for _, line := range []string{
		"get pods -n " + sampleNamespace,
		"get pods -n " + sampleNamespace + " -o wide",
		"get po -A --no-headers",
		"get deploy/web svc/web -n " + sampleNamespace,
		"get nodes,services,deployments -A",
		"get all -n " + sampleNamespace,
		"get greetings -A",
		"get hi first -n " + sampleNamespace,
		"get crd",
		"get pods -l app=web -n " + sampleNamespace + " -o name",
		"get pods --field-selector status.phase=Running -A",
		"get configmaps -n nowhere",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			var ours, theirs string
			// Between the two calls a second passes, or a pod changes: try again.
			for ends := time.Now().Add(patience / 3); time.Now().Before(ends); {
				ours, theirs = c.pilothouse(t, args...), c.kubectl(t, args...)
				if ours == theirs {
					return
				}
			}
			t.Errorf("printed\n%s\nkubectl prints\n%s", ours, theirs)
		})
	}
}

func (c realCluster) treeShowsAWorkingNamespace(t *testing.T) {
	out := c.pilothouse(t, "tree", "-n", sampleNamespace, "--depth", "5")
	for _, want := range []string{
		c.name + " › " + sampleNamespace + "\n", "─ Workloads\n", "─ web-", "─ httpd", "─ Services (1)", "─ Greetings (1)", "Welcome aboard",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func (c realCluster) treeWatchFollowsARolloutAndANewKind(t *testing.T) {
	ctx, interrupt := context.WithTimeout(t.Context(), patience)
	defer interrupt()
	var out lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"--kubeconfig", c.kubeconfig, "tree", "--watch", "-n", sampleNamespace}, Streams{Out: &out, ErrOut: &out})
	}()
	out.await(t, "─ Greetings")

	c.kubectl(t, "scale", "deployment/web", "-n", sampleNamespace, "--replicas=3")
	defer c.kubectl(t, "scale", "deployment/web", "-n", sampleNamespace, "--replicas=2")
	out.await(t, "Workloads › Deployments › web  3/3")

	// A kind that is made while the tree is watched appears with its objects.
	definition := filepath.Join(t.TempDir(), "goodbye.yaml")
	writeFile(t, definition, strings.NewReplacer("reeting", "oodbye", "hi", "bye").Replace(readFile(t, "../testdata/apps/guestbook/greeting.yaml")))
	c.kubectl(t, "apply", "-f", definition)
	defer c.kubectl(t, "delete", "-f", definition)
	c.kubectl(t, "wait", "--for=condition=established", "--timeout=30s", "-f", definition)
	object := filepath.Join(t.TempDir(), "last.yaml")
	writeFile(t, object, fmt.Sprintf("apiVersion: guestbook.pilothouse.dev/v1\nkind: Goodbye\nmetadata: {name: last, namespace: %s}\nspec: {from: us, text: bye}\n", sampleNamespace))
	c.kubectl(t, "apply", "-f", object)
	out.await(t, "Custom resources › Goodbyes")

	interrupt()
	if code := <-ended; code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}

func (c realCluster) silenceIsExplained(t *testing.T) {
	config, err := clientcmd.LoadFromFile(c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range config.Clusters {
		one.Server = "https://127.0.0.1:1"
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"get pods", "tree"} {
		var out, errOut lockedBuffer
		code := Run(t.Context(), append(strings.Fields(command), "--kubeconfig", file), Streams{Out: &out, ErrOut: &errOut})
		if code != exitFailure || out.String() != "" ||
			!strings.HasPrefix(errOut.String(), "error: the API server of "+c.name) || !strings.Contains(errOut.String(), "\n  try: ") {
			t.Errorf("%s: exit code %d, printed %q, told\n%s", command, code, &out, &errOut)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
