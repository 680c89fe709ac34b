package pki

import (
	"net"
	"os"

	"pilothouse/testdata/cluster/config"
)

// Make writes everything that the cluster's programs and its clients identify themselves with, below the state folder.
func Make(cluster *config.Cluster) error {
	folder := cluster.File("pki")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	authority, err := NewAuthority(folder, "ca")
	if err != nil {
		return err
	}
	front, err := NewAuthority(folder, "front-proxy-ca")
	if err != nil {
		return err
	}
	addresses := []net.IP{net.IPv4(127, 0, 0, 1), cluster.Network.Node.AsSlice(), cluster.Network.Services.Addr().Next().AsSlice()}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	steps := []func() error{
		func() error { return authority.Server("apiserver", "kube-apiserver", names, addresses) },
		func() error {
			return authority.Server("kubelet", cluster.NodeName(), []string{cluster.NodeName(), "localhost"}, addresses[:2])
		},
		func() error {
			return authority.Client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
		},
		func() error { return front.Client("front-proxy-client", "front-proxy-client") },
		func() error { return SigningKey(folder, "service-account") },
		func() error {
			return authority.Kubeconfig(cluster.Kubeconfig(), cluster.Name, cluster.Server(), "admin", "system:masters")
		},
		func() error {
			return authority.Kubeconfig(cluster.File("pki", "kubelet.kubeconfig"), cluster.Name, cluster.Server(), "system:node:"+cluster.NodeName(), "system:nodes")
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
