package supervisor

import (
	"encoding/json"
	"fmt"
	"os"

	"pilothouse/testdata/cluster/config"
)

// ControlPlane is the program that is etcd, the API server, the controllers and the scheduler.
const ControlPlane = "control-plane"

// controlPlane returns the control plane, whose command lines it writes into a file.
func controlPlane(cluster *config.Cluster, asker asker) (Program, error) {
	path, err := find(cluster, "kubernetes")
	if err != nil {
		return Program{}, err
	}
	server := fmt.Sprintf("https://127.0.0.1:%d", cluster.Ports.APIServer)
	file := cluster.File("run", "control-plane.json")
	data, err := json.MarshalIndent(map[string]any{
		"Etcd": map[string]string{
			"Data":      cluster.File("etcd"),
			"ClientURL": etcdURL(cluster.Ports.EtcdClient),
			"PeerURL":   etcdURL(cluster.Ports.EtcdPeer),
		},
		"Healthy":           server + "/healthz",
		"APIServer":         apiServerArgs(cluster),
		"ControllerManager": controllerArgs(cluster),
		"Scheduler":         schedulerArgs(cluster),
	}, "", "  ")
	if err != nil {
		return Program{}, err
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return Program{}, err
	}
	return Program{Name: ControlPlane, Path: path, Args: []string{"control-plane", file}, Open: asker.answers(server), Ready: asker.succeeds(server + "/readyz")}, nil
}

func etcdURL(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

func apiServerArgs(cluster *config.Cluster) []string {
	pki := func(name string) string { return cluster.File("pki", name) }
	bind, reconciler := "0.0.0.0", "lease"
	if cluster.Fake {
		bind, reconciler = "127.0.0.1", "none" // a loopback address cannot be the endpoint of a Service
	}
	return []string{
		"--etcd-servers=" + etcdURL(cluster.Ports.EtcdClient),
		"--bind-address=" + bind,
		fmt.Sprintf("--secure-port=%d", cluster.Ports.APIServer),
		"--advertise-address=" + cluster.Network.Node.String(),
		"--endpoint-reconciler-type=" + reconciler,
		"--service-cluster-ip-range=" + cluster.Network.Services.String(),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",

		"--tls-cert-file=" + pki("apiserver.crt"),
		"--tls-private-key-file=" + pki("apiserver.key"),
		"--client-ca-file=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("service-account.pub"),
		"--service-account-signing-key-file=" + pki("service-account.key"),

		"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + pki("front-proxy-client.key"),
		"--enable-aggregator-routing=true",
	}
}

// controllerArgs makes the controllers one user, who may do all: thirty service accounts' tokens take a second to make,
// and so do the roles of a user who may not.
func controllerArgs(cluster *config.Cluster) []string {
	pki := func(name string) string { return cluster.File("pki", name) }
	return append(clientArgs(cluster.Kubeconfig()),
		"--use-service-account-credentials=false",
		"--root-ca-file="+pki("ca.crt"),
		"--service-account-private-key-file="+pki("service-account.key"),
		"--cluster-signing-cert-file="+pki("ca.crt"),
		"--cluster-signing-key-file="+pki("ca.key"),
		"--allocate-node-cidrs=false", // the one node has all of them
	)
}

func schedulerArgs(cluster *config.Cluster) []string {
	return clientArgs(cluster.Kubeconfig())
}

func clientArgs(kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
	}
}
