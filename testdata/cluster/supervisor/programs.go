package supervisor

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"

	"pilothouse/testdata/cluster/config"
)

//go:embed containerd.toml
var containerdConfig string

//go:embed kubelet.yaml
var kubeletConfig string

//go:embed kube-proxy.yaml
var kubeProxyConfig string

//go:embed registry.yaml
var registryConfig string

//go:embed network.conflist
var networkConfig string

// mirrorConfig sends every pull to the cluster's registry: an image has the same path there, whatever its registry.
const mirrorConfig = `server = "http://127.0.0.1:5000"
[host."http://127.0.0.1:5000"]
  capabilities = ["pull", "resolve"]
`

// FakeNodes is the program that makes nodes and pods look as if they ran. A cluster with a real node starts it only when
// it has fake nodes too.
const FakeNodes = "fake-nodes"

// programs returns what runs in the cluster.
func programs(cluster *config.Cluster) ([]Program, error) {
	asker, err := newAsker(cluster)
	if err != nil {
		return nil, err
	}
	plane, err := controlPlane(cluster, asker)
	if err != nil {
		return nil, err
	}
	all := []Program{plane, {
		Name: FakeNodes, Path: self, Args: []string{FakeNodes, cluster.Kubeconfig()}, After: []string{ControlPlane},
		Ready:  func(context.Context) error { return nil },
		Manual: !cluster.Fake,
	}}
	if cluster.Fake {
		return all, nil
	}
	cni, err := find(cluster, "ptp")
	if err != nil {
		return nil, err
	}
	runc, err := find(cluster, "runc")
	if err != nil {
		return nil, err
	}
	values := strings.NewReplacer(
		"{state}", cluster.State,
		"{cni}", strings.TrimSuffix(cni, "/ptp"),
		"{runc}", runc,
		"{cgroup}", cluster.Cgroup(),
		"{dns}", cluster.Network.DNS.String(),
		"{pods}", cluster.Network.Pods.String(),
		"{registry}", fmt.Sprintf("0.0.0.0:%d", cluster.Ports.Registry),
	)
	for name, text := range map[string]string{
		"containerd.toml":             containerdConfig,
		"kubelet.yaml":                kubeletConfig,
		"kube-proxy.yaml":             kubeProxyConfig,
		"registry.yaml":               registryConfig,
		"cni/network.conflist":        networkConfig,
		"mirrors/_default/hosts.toml": mirrorConfig,
		"resolv.conf":                 "", // a pod that does not ask the cluster's DNS server has none
	} {
		if err := write(cluster.File("run", name), values.Replace(text)); err != nil {
			return nil, err
		}
	}
	for _, program := range []Program{
		{
			Name: "registry", Args: []string{"serve", cluster.File("run", "registry.yaml")},
			Env:   []string{"OTEL_TRACES_EXPORTER=none"},
			Ready: asker.succeeds(fmt.Sprintf("http://127.0.0.1:%d/v2/", cluster.Ports.Registry)),
		},
		{
			Name: "containerd", Args: []string{"--config", cluster.File("run", "containerd.toml")},
			Ready: listens("/run/containerd/containerd.sock"),
		},
		{
			Name: "kubelet", After: []string{ControlPlane, "containerd"},
			Args: []string{
				"--config=" + cluster.File("run", "kubelet.yaml"),
				"--kubeconfig=" + cluster.File("pki", "kubelet.kubeconfig"),
				"--hostname-override=" + cluster.NodeName(),
				"--node-ip=" + cluster.Network.Node.String(),
			},
			Ready: asker.succeeds("http://127.0.0.1:10248/healthz"),
		},
		{
			Name: "kube-proxy", After: []string{ControlPlane},
			Args: []string{
				"--config=" + cluster.File("run", "kube-proxy.yaml"),
				"--hostname-override=" + cluster.NodeName(),
			},
			Ready: asker.succeeds("http://127.0.0.1:10256/livez"),
		},
	} {
		if program.Path, err = find(cluster, program.Name); err != nil {
			return nil, err
		}
		all = append(all, program)
	}
	return all, nil
}

func write(path, text string) error {
	if err := os.MkdirAll(path[:strings.LastIndex(path, "/")], 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}
