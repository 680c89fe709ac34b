//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestAPodRunsAndExecAndLogsReachIt(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.shell(t, namespace, "shell")
	if got := c.kubectl(t, "-n", namespace, "exec", "shell", "--", "sh", "-c", "echo $((6 * 7)) from $(hostname)"); got != "42 from shell\n" {
		t.Errorf("exec printed %q", got)
	}
	if got := c.kubectl(t, "-n", namespace, "logs", "shell"); got != "started\n" {
		t.Errorf("logs printed %q", got)
	}
}

func TestLogsFollowWhatAPodWrites(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.hello(t, namespace, 1)
	pod := strings.TrimSpace(c.kubectl(t, "-n", namespace, "get", "pods", "-l", "app=hello", "-o", "name"))
	follow := exec.Command(c.Kubectl, "--kubeconfig", c.Kubeconfig, "-n", namespace, "logs", "-f", pod)
	written := start(t, follow)
	address := c.kubectl(t, "-n", namespace, "get", pod, "-o", "jsonpath={.status.podIP}")
	if got := get(t, "http://"+net.JoinHostPort(address, "8080")+"/log?lines=1000"); got != "wrote 1000 lines\n" {
		t.Fatalf("the pod answers %q", got)
	}
	eventually(t, 10*time.Second, func() error { return contains(written.String(), "line 1000\n") })
	if got := strings.Count(written.String(), "line "); got != 1000 {
		t.Errorf("followed %d lines of 1000", got)
	}
}

func TestPortForwardReachesAPod(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.hello(t, namespace, 1)
	forward := exec.Command(c.Kubectl, "--kubeconfig", c.Kubeconfig, "-n", namespace, "port-forward", "deployment/hello", ":8080")
	written := start(t, forward)
	var port string
	eventually(t, 10*time.Second, func() error {
		match := regexp.MustCompile(`Forwarding from 127\.0\.0\.1:(\d+)`).FindStringSubmatch(written.String())
		if match == nil {
			return fmt.Errorf("port-forward printed %q", written.String())
		}
		port = match[1]
		return nil
	})
	if got := get(t, "http://127.0.0.1:"+port); !strings.Contains(got, "version 1") {
		t.Errorf("the pod answers %q", got)
	}
}

func TestAServiceIsReachedByNameFromPodsAndByAddressFromTheHost(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.hello(t, namespace, 2)
	c.shell(t, namespace, "shell")
	answers := map[string]bool{}
	eventually(t, 20*time.Second, func() error {
		answer, err := c.tryKubectl("-n", namespace, "exec", "shell", "--", "wget", "-q", "-O", "-", "http://hello")
		if err != nil {
			return err
		}
		answers[answer] = true
		if len(answers) < 2 {
			return fmt.Errorf("only one of two pods answered: %v", answers)
		}
		return nil
	})
	full := "hello." + namespace + ".svc.cluster.local"
	if got := c.kubectl(t, "-n", namespace, "exec", "shell", "--", "nslookup", full); !strings.Contains(got, full) {
		t.Errorf("nslookup printed %q", got)
	}
	address := c.kubectl(t, "-n", namespace, "get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")
	if got := get(t, "http://"+address); !strings.Contains(got, "version 1") {
		t.Errorf("the Service answers the host %q", got)
	}
}

func TestMetricsOfPodsAndNodes(t *testing.T) {
	c := promises(t)
	eventually(t, time.Minute, func() error {
		nodes, err := c.tryKubectl("top", "nodes", "--no-headers")
		if err != nil {
			return err
		}
		pods, err := c.tryKubectl("-n", "kube-system", "top", "pods", "--no-headers")
		if err != nil {
			return err
		}
		if err := contains(pods, "coredns-"); err != nil {
			return err
		}
		return contains(nodes, "promises-node")
	})
}

func TestAnEphemeralContainerSeesTheProcessesOfItsTarget(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.hello(t, namespace, 1)
	pod := strings.TrimPrefix(strings.TrimSpace(c.kubectl(t, "-n", namespace, "get", "pods", "-l", "app=hello", "-o", "name")), "pod/")
	c.kubectl(t, "-n", namespace, "debug", pod, "--image=busybox", "--image-pull-policy=IfNotPresent", "--target=hello", "--container=debugger", "--profile=general", "--", "sh", "-c", "ps; exec sleep 3600")
	eventually(t, 20*time.Second, func() error {
		listed, err := c.tryKubectl("-n", namespace, "logs", pod, "-c", "debugger")
		if err != nil {
			return err
		}
		return contains(listed, "/hello")
	})
}

func TestAnImportedImageRunsUnderEveryNameOfTheRegistry(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	base, err := name.ParseReference(c.Registry + "/hello")
	if err != nil {
		t.Fatal(err)
	}
	hello, err := remote.Image(base)
	if err != nil {
		t.Fatal(err)
	}
	config, err := hello.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.Config.Env = append(config.Config.Env, "VERSION=imported")
	imported, err := mutate.ConfigFile(hello, config)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("example.com/team/application:v7")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(file, tag, imported); err != nil {
		t.Fatal(err)
	}
	c.run(t, "image", "import", file)
	for index, reference := range []string{"example.com/team/application:v7", "localhost:5000/team/application:v7", c.Registry + "/team/application:v7"} {
		pod := fmt.Sprintf("imported-%d", index)
		c.kubectl(t, "-n", namespace, "run", pod, "--image="+reference)
		c.kubectl(t, "-n", namespace, "wait", "--for=condition=Ready", "pod/"+pod, "--timeout=30s")
		address := c.kubectl(t, "-n", namespace, "get", "pod", pod, "-o", "jsonpath={.status.podIP}")
		if got := get(t, "http://"+net.JoinHostPort(address, "8080")); !strings.Contains(got, "version imported") {
			t.Errorf("%s answers %q", reference, got)
		}
	}
}

func TestLanguagesRunInImagesFromTheMachine(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.run(t, "image", "build", "node", "python", "jdk")
	for _, language := range []struct{ image, program, want string }{
		{"node", `exec node -e 'console.log("node", 6 * 7)'`, "node 42\n"},
		{"python", `exec python3 -c 'import asyncio, json, ssl; print("python", 6 * 7)'`, "python 42\n"},
		{"eclipse-temurin", `cd /tmp && echo 'class A { public static void main(String[] a) { System.out.println("java " + 6 * 7); } }' >A.java && exec java A.java`, "java 42\n"},
	} {
		c.kubectl(t, "-n", namespace, "run", language.image, "--image="+language.image, "--restart=Never", "--", "sh", "-c", language.program)
		c.kubectl(t, "-n", namespace, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/"+language.image, "--timeout=60s")
		if got := c.kubectl(t, "-n", namespace, "logs", language.image); got != language.want {
			t.Errorf("%s printed %q", language.image, got)
		}
	}
}

func TestLoadRunsFakePodsBesideRealOnes(t *testing.T) {
	c := promises(t)
	c.run(t, "load", "--nodes", "3", "--namespaces", "2", "--pods", "300")
	listed := c.kubectl(t, "get", "pods", "-A", "-l", loadLabel, "--field-selector=status.phase=Running", "-o", "name")
	if got := strings.Count(listed, "\n"); got != 300 {
		t.Errorf("%d of 300 pods run", got)
	}
	namespace := c.namespace(t)
	c.shell(t, namespace, "real")
	if node := c.kubectl(t, "-n", namespace, "get", "pod", "real", "-o", "jsonpath={.spec.nodeName}"); node != "promises-node" {
		t.Errorf("a pod that tolerates nothing is on %s", node)
	}
	c.kubectl(t, "delete", "namespace", "-l", loadLabel, "--timeout=60s")
	c.kubectl(t, "delete", "node", "-l", "pilothouse.dev/fake-node")
}

// hello runs the application of the tests and waits for it.
func (c cluster) hello(t *testing.T, namespace string, replicas int) {
	t.Helper()
	c.apply(t, fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, namespace: %[1]s}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      containers:
      - name: hello
        image: hello
        imagePullPolicy: IfNotPresent
        env: [{name: VERSION, value: "1"}]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: %[1]s}
spec:
  selector: {app: hello}
  ports: [{port: 80, targetPort: http}]
`, namespace, replicas))
	c.kubectl(t, "-n", namespace, "rollout", "status", "deployment/hello", "--timeout=30s")
}

// get returns what a server answers.
func get(t *testing.T, url string) string {
	t.Helper()
	var text string
	eventually(t, 10*time.Second, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		text = string(body)
		return err
	})
	return text
}

// containers returns the containers of each pod.
func (c cluster) containers(t *testing.T, namespace string) map[string]string {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				ContainerStatuses []struct{ ContainerID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(c.kubectl(t, "-n", namespace, "get", "pods", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, pod := range list.Items {
		for _, container := range pod.Status.ContainerStatuses {
			ids[pod.Metadata.Name] += container.ContainerID
		}
	}
	return ids
}
