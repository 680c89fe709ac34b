//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/supervisor"
)

func TestUpOfAClusterThatIsUpChangesNothing(t *testing.T) {
	first := promises(t)
	second := up(t, "promises")
	if !second.WasUp {
		t.Error("the second up started the cluster again")
	}
	if first.Server != second.Server {
		t.Errorf("the server is %s, and was %s", second.Server, first.Server)
	}
}

func TestTwoClustersRunSideBySide(t *testing.T) {
	clusters := []cluster{promises(t), up(t, "beside")}
	t.Cleanup(func() { down(t, "beside") })
	both := clusters[0].Kubeconfig + ":" + clusters[1].Kubeconfig
	for index, c := range clusters {
		namespace := c.namespace(t)
		c.hello(t, namespace, 1)
		address := c.kubectl(t, "-n", namespace, "get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")
		if got := get(t, "http://"+address); !strings.Contains(got, "version 1") {
			t.Errorf("the Service of %s answers %q", c.Name, got)
		}
		command := exec.Command(c.Kubectl, "--context", c.Context, "get", "nodes", "-o", "name")
		command.Env = append(os.Environ(), "KUBECONFIG="+both)
		output, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(output), c.Name+"-node") {
			t.Errorf("the context %s of both kubeconfigs has the nodes %q: %v", c.Context, output, err)
		}
		if other := clusters[1-index]; strings.Contains(string(output), other.Name+"-node") {
			t.Errorf("%s has a node of %s", c.Name, other.Name)
		}
	}
}

func TestUpCleansWhatAKilledClusterLeft(t *testing.T) {
	c := up(t, "beside")
	t.Cleanup(func() { down(t, "beside") })
	c.shell(t, "default", "shell")
	killed := c.config(t)
	pid, err := supervisor.PID(killed)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() error {
		if left := processes(t, killed); len(left) > 0 {
			return fmt.Errorf("the supervisor was killed and left %v", left)
		}
		return nil
	})
	if output, err := invoke("--name", c.Name, "status").CombinedOutput(); err == nil {
		t.Errorf("status of a killed cluster is fine: %s", output)
	}
	again := up(t, "beside")
	if again.WasUp {
		t.Error("a killed cluster is said to be up")
	}
	again.shell(t, "default", "shell")
}

func TestAClusterTouchesNothingOfTheHost(t *testing.T) {
	before := host(t)
	c := up(t, "alone")
	c.shell(t, "default", "shell")
	if during := host(t); !maps.Equal(before, during) {
		t.Errorf("the host is %v, and was %v", during, before)
	}
	down(t, "alone")
	if after := host(t); !maps.Equal(before, after) {
		t.Errorf("the host is %v, and was %v", after, before)
	}
}

func TestFakeNodesNeedNoRoot(t *testing.T) {
	folder := filepath.Dir(program.path)
	kubernetes := filepath.Dir(up(t, "alone", "--fake").Kubectl)
	down(t, "alone")
	// Somebody else may neither read this user's cache nor these sources.
	theirs := map[string]string{
		kubernetes: filepath.Join(folder, "theirs", "cache", "bin", filepath.Base(kubernetes)),
		".":        filepath.Join(folder, "theirs", "sources"),
	}
	for from, to := range theirs {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(to, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "theirs", "pilothouse-cluster")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = theirs["."]
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	home := filepath.Join(folder, "theirs", "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if err := os.Chown(home, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		command := exec.Command(path, args...)
		command.Dir = home
		command.Env = []string{"HOME=" + home, "PILOTHOUSE_CLUSTER_CACHE=" + filepath.Join(folder, "theirs", "cache"), "PATH=/usr/bin:/bin"}
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
		}
		return string(output)
	}
	run("up", "--nodes", "3")
	t.Cleanup(func() { run("down") })
	run("kubectl", "--", "create", "deployment", "web", "--image=hello", "--replicas=6")
	run("kubectl", "--", "rollout", "status", "deployment/web", "--timeout=30s")
	run("load", "--nodes", "3", "--pods", "300")
	running := run("kubectl", "--", "get", "pods", "-A", "--field-selector=status.phase=Running", "-o", "name")
	if got := strings.Count(running, "\n"); got != 306 {
		t.Errorf("%d of 306 pods are said to run", got)
	}
	run("kubectl", "--", "delete", "deployment", "web")
	run("kubectl", "--", "wait", "--for=delete", "pod", "-l", "app=web", "--timeout=30s")
	run("restart", "apiserver")
	run("status")
}

// config returns what the cluster's state folder tells.
func (c cluster) config(t *testing.T) *config.Cluster {
	t.Helper()
	read, err := config.Read(c.State)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// down ends a cluster and checks that nothing is left of it.
func down(t *testing.T, name string) {
	t.Helper()
	state := filepath.Join(program.state, "pilothouse", "cluster", name)
	ended, err := config.Read(state)
	if err != nil {
		t.Fatal(err)
	}
	if output, err := invoke("--name", name, "down").CombinedOutput(); err != nil {
		t.Fatalf("down: %v\n%s", err, output)
	}
	if left := remains(t, ended); len(left) > 0 {
		t.Errorf("down left %s", strings.Join(left, ", "))
	}
}

// remains returns everything of a cluster that is still there.
func remains(t *testing.T, c *config.Cluster) []string {
	t.Helper()
	var left []string
	if _, err := os.Stat(c.State); !errors.Is(err, fs.ErrNotExist) {
		left = append(left, c.State)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(mounts, []byte(c.State)) {
		left = append(left, "a mount")
	}
	left = append(left, processes(t, c)...)
	if c.Fake {
		return left
	}
	if link, err := netlink.LinkByName(c.Network.Link); err == nil && link.Attrs().Alias == c.State {
		left = append(left, "link "+c.Network.Link)
	}
	cgroups, err := filepath.Glob("/sys/fs/cgroup/*/" + c.Cgroup())
	if err != nil {
		t.Fatal(err)
	}
	return append(left, cgroups...)
}

// processes returns the cluster's processes: programs name the state folder, containers are in the cgroup.
func processes(t *testing.T, c *config.Cluster) []string {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, folder := range folders {
		for _, file := range []string{"cmdline", "cgroup"} {
			text, err := os.ReadFile(filepath.Join(folder, file))
			if err != nil {
				continue // it ended meanwhile
			}
			if bytes.Contains(text, []byte(c.State+"/")) || !c.Fake && bytes.Contains(text, []byte("/"+c.Cgroup()+"/")) {
				found = append(found, "process "+filepath.Base(folder))
			}
		}
	}
	return found
}

// host returns what programs of a cluster would change on the host if they were let.
func host(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, setting := range []string{"vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "net/ipv4/ip_forward", "net/ipv4/tcp_orphan_retries", "net/netfilter/nf_conntrack_max"} {
		value, err := os.ReadFile("/proc/sys/" + setting)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		found[setting] = string(value)
	}
	for _, folder := range []string{"/etc", "/etc/cni", "/opt", "/run", "/run/containerd", "/var/lib", "/var/lib/kubelet", "/var/log", "/var/log/pods", "/usr/libexec"} {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		found[folder] = strings.Join(slices.Sorted(slices.Values(names)), " ")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	rules, err := exec.CommandContext(ctx, "nft", "list", "ruleset").Output()
	if err != nil {
		t.Fatal(err)
	}
	found["nft"] = string(rules)
	return found
}
