//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestARestartedAPIServerHasItsObjectsAndPodsGoOn(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.shell(t, namespace, "shell")
	before := c.containers(t, namespace)
	c.run(t, "restart", "apiserver")
	if after := c.containers(t, namespace); !maps.Equal(before, after) {
		t.Errorf("the containers are %v, and were %v", after, before)
	}
	if got := c.kubectl(t, "-n", namespace, "exec", "shell", "--", "echo", "here"); got != "here\n" {
		t.Errorf("exec printed %q", got)
	}
}

func TestAStoppedAPIServerAnswersNobodyUntilItIsStarted(t *testing.T) {
	c := promises(t)
	c.run(t, "stop", "apiserver")
	if output, err := c.tryKubectl("get", "nodes"); err == nil {
		t.Errorf("a stopped API server answered %q", output)
	}
	if output, err := invoke("--name", c.Name, "status").CombinedOutput(); err == nil {
		t.Errorf("status of a cluster without an API server is fine: %s", output)
	}
	c.run(t, "start", "apiserver")
	c.kubectl(t, "get", "nodes")
	eventually(t, 20*time.Second, func() error {
		output, err := invoke("--name", c.Name, "status").CombinedOutput()
		if err != nil {
			return errors.New(string(output))
		}
		return nil
	})
}

func TestAfterACompactionAnOldWatchAndAnOldPageAreGone(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	for number := range 3 {
		c.kubectl(t, "-n", namespace, "create", "configmap", fmt.Sprintf("before-%d", number))
	}
	path := "/api/v1/namespaces/" + namespace + "/configmaps"
	var page struct {
		Metadata struct{ ResourceVersion, Continue string }
	}
	if err := json.Unmarshal([]byte(c.kubectl(t, "get", "--raw", path+"?limit=1")), &page); err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, "-n", namespace, "create", "configmap", "after")
	watch := path + "?watch=1&timeoutSeconds=1&resourceVersion=" + page.Metadata.ResourceVersion
	if err := contains(c.kubectl(t, "get", "--raw", watch), `"after"`); err != nil {
		t.Errorf("a watch before the compaction: %v", err)
	}
	c.run(t, "compact")
	if err := contains(c.kubectl(t, "get", "--raw", watch), `"code":410`); err != nil {
		t.Errorf("a watch after the compaction: %v", err)
	}
	_, err := c.tryKubectl("get", "--raw", path+"?limit=1&continue="+page.Metadata.Continue)
	if err == nil || !strings.Contains(err.Error(), "Expired") {
		t.Errorf("a page after the compaction: %v", err)
	}
}

func TestPodsGoOnWithoutTheirKubelet(t *testing.T) {
	c := promises(t)
	namespace := c.namespace(t)
	c.shell(t, namespace, "shell")
	before := c.containers(t, namespace)
	c.run(t, "restart", "kubelet")
	eventually(t, 20*time.Second, func() error {
		_, err := c.tryKubectl("-n", namespace, "exec", "shell", "--", "true")
		return err
	})
	if after := c.containers(t, namespace); !maps.Equal(before, after) {
		t.Errorf("the containers are %v, and were %v", after, before)
	}
	c.shell(t, namespace, "another")
}

func TestAProgramThatDoesNotStartShowsTheEndOfItsLog(t *testing.T) {
	c := up(t, "alone", "--fake")
	defer down(t, "alone")
	if err := os.Remove(filepath.Join(c.State, "pki", "apiserver.crt")); err != nil {
		t.Fatal(err)
	}
	output, err := invoke("--name", c.Name, "restart", "apiserver").CombinedOutput()
	if err == nil {
		t.Fatal("an API server without a certificate started")
	}
	if err := contains(string(output), "apiserver.crt: no such file"); err != nil {
		t.Error(err)
	}
	if lines := strings.Count(string(output), "\n"); lines > 35 {
		t.Errorf("the error has %d lines", lines)
	}
}
