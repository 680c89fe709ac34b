//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"pilothouse/testdata/cluster/addon"
	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/fakenode"
	"pilothouse/testdata/cluster/supervisor"
)

// waitFor returns when the cluster does all that it is for. The error of a wait that takes too long shows the log of who
// is late.
func (o *upOptions) waitFor(ctx context.Context, cluster *config.Cluster) error {
	control := supervisor.Dial(cluster)
	client, objects, err := connect(cluster)
	if err != nil {
		return err
	}
	if err := until(ctx, cluster, time.Minute, "the API server", supervisor.ControlPlane, func(ctx context.Context) error {
		if err := noneFailed(ctx, control); err != nil {
			return err
		}
		_, err := objects.Discovery().ServerVersion()
		return err
	}); err != nil {
		return err
	}
	// The API server answers a moment before it takes everything.
	if err := until(ctx, cluster, 30*time.Second, "the first objects", supervisor.ControlPlane, func(ctx context.Context) error {
		if cluster.Fake {
			return fakenode.Create(ctx, objects, o.nodes, false)
		}
		return addon.InstallDNS(ctx, cluster, client)
	}); err != nil {
		return err
	}
	if err := until(ctx, cluster, time.Minute, "the node", lateForNode(cluster), func(ctx context.Context) error {
		return errors.Join(noneFailed(ctx, control), nodesReady(ctx, objects))
	}); err != nil {
		return err
	}
	for _, program := range programNames(cluster) {
		if err := until(ctx, cluster, time.Minute, program, program, func(ctx context.Context) error {
			return programReady(ctx, control, program)
		}); err != nil {
			return err
		}
	}
	// No pod can be made before the controllers have made the account that it runs as.
	if err := until(ctx, cluster, 30*time.Second, "the default service account", supervisor.ControlPlane, func(ctx context.Context) error {
		_, err := objects.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	}); err != nil || cluster.Fake {
		return err
	}
	if err := until(ctx, cluster, time.Minute, "the DNS server", "kubelet", func(ctx context.Context) error {
		return resolve(ctx, cluster)
	}); err != nil {
		return err
	}
	// Metrics come with the second measurement, ten seconds after the first: nobody has to wait for them.
	return addon.InstallMetrics(ctx, client)
}

func lateForNode(cluster *config.Cluster) string {
	if cluster.Fake {
		return supervisor.FakeNodes
	}
	return "kubelet"
}

func programNames(cluster *config.Cluster) []string {
	if cluster.Fake {
		return []string{supervisor.ControlPlane, supervisor.FakeNodes}
	}
	return []string{supervisor.ControlPlane, "registry", "containerd", "kubelet", "kube-proxy"}
}

// until waits for check, for as long as deadline, and says so with the end of a program's log when it passes.
func until(ctx context.Context, cluster *config.Cluster, deadline time.Duration, what, program string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	for {
		err := check(ctx)
		var final finalError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &final):
			return logged(cluster, program, fmt.Errorf("waiting for %s: %w", what, err))
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
			}
			return logged(cluster, program, fmt.Errorf("%s is not ready within %s: %w", what, deadline, err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// finalError is an error that no waiting mends.
type finalError struct{ error }

func programReady(ctx context.Context, control *supervisor.Client, name string) error {
	all, err := control.Status(ctx)
	if err != nil {
		return err
	}
	for _, program := range all {
		if program.Name == name && program.State == supervisor.Ready {
			return nil
		}
	}
	return errors.Join(failed(all), fmt.Errorf("%s is not ready", name))
}

func noneFailed(ctx context.Context, control *supervisor.Client) error {
	all, err := control.Status(ctx)
	return errors.Join(err, failed(all))
}

func failed(all []supervisor.Status) error {
	for _, program := range all {
		if program.State == supervisor.Failed {
			return finalError{fmt.Errorf("%s failed: %s", program.Name, program.Error)}
		}
	}
	return nil
}

// logged adds the end of a program's log, or of the supervisor's when the program has none, to an error.
func logged(cluster *config.Cluster, program string, err error) error {
	const lines = 30
	for _, name := range []string{program, "supervisor"} {
		text, readErr := os.ReadFile(cluster.Log(name))
		if readErr != nil || len(text) == 0 {
			continue
		}
		return fmt.Errorf("%w\nThe end of %s:\n%s", err, cluster.Log(name), lastLines(text, lines))
	}
	return err
}

func lastLines(text []byte, count int) []byte {
	all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-count):], []byte("\n"))
}

// connect returns the ways to the API server that the commands take.
func connect(cluster *config.Cluster) (*rest.Config, kubernetes.Interface, error) {
	client, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig())
	if err != nil {
		return nil, nil, err
	}
	client.QPS = -1
	client.Timeout = 30 * time.Second
	fast := rest.CopyConfig(client)
	fast.ContentType = "application/vnd.kubernetes.protobuf"
	fast.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	objects, err := kubernetes.NewForConfig(fast)
	return client, objects, err
}

func nodesReady(ctx context.Context, objects kubernetes.Interface) error {
	nodes, err := objects.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(nodes.Items) == 0 {
		return errors.New("there is no node")
	}
	for _, node := range nodes.Items {
		if !fakenode.IsReady(&node) {
			return fmt.Errorf("node %s is not ready", node.Name)
		}
	}
	return nil
}

// resolve asks the DNS server, as every pod does, through its Service.
func resolve(ctx context.Context, cluster *config.Cluster) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, netip.AddrPortFrom(cluster.Network.DNS, 53).String())
	}}
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	return err
}

func available(ctx context.Context, objects kubernetes.Interface, name string) error {
	deployment, err := objects.AppsV1().Deployments(addon.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if deployment.Status.AvailableReplicas == 0 {
		return fmt.Errorf("no pod of %s is available", name)
	}
	return nil
}
