package pki

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"pilothouse/testdata/cluster/config"
)

func TestAKubeconfigMakesItsUserKnownToAServerThatItTrusts(t *testing.T) {
	cluster := &config.Cluster{Name: "one", State: t.TempDir(), Network: config.LoopbackNetwork()}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := r.TLS.PeerCertificates[0].Subject
		io.WriteString(w, user.CommonName+" of "+user.Organization[0])
	}))
	cluster.Ports.APIServer = int(netip.MustParseAddrPort(server.Listener.Addr().String()).Port())
	if err := Make(cluster); err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.LoadX509KeyPair(cluster.File("pki", "apiserver.crt"), cluster.File("pki", "apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(cluster.File("pki", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert}
	server.StartTLS()
	defer server.Close()

	for file, want := range map[string]string{
		cluster.Kubeconfig():                      "admin of system:masters",
		cluster.File("pki", "kubelet.kubeconfig"): "system:node:one-node of system:nodes",
	} {
		client, err := clientcmd.BuildConfigFromFlags("", file)
		if err != nil {
			t.Fatal(err)
		}
		transport, err := rest.HTTPClientFor(client)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.Get(client.Host)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		if err != nil || string(got) != want {
			t.Errorf("the server knows %q (%v), not %q", got, err, want)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheKubeconfigsOfTwoClustersMerge(t *testing.T) {
	var files []string
	for _, name := range []string{"one", "two"} {
		cluster := &config.Cluster{Name: name, State: t.TempDir(), Network: config.LoopbackNetwork()}
		if err := Make(cluster); err != nil {
			t.Fatal(err)
		}
		files = append(files, cluster.Kubeconfig())
	}
	merged, err := (&clientcmd.ClientConfigLoadingRules{Precedence: files}).Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(merged.Contexts) != 2 || len(merged.Clusters) != 2 || len(merged.AuthInfos) != 2 {
		t.Errorf("merged %d contexts, %d clusters and %d users", len(merged.Contexts), len(merged.Clusters), len(merged.AuthInfos))
	}
}

func TestTheServersAnswerToTheirNames(t *testing.T) {
	cluster := &config.Cluster{Name: "one", State: t.TempDir(), Network: config.NumberedNetwork(7)}
	if err := Make(cluster); err != nil {
		t.Fatal(err)
	}
	for name, hosts := range map[string][]string{
		"apiserver": {"127.0.0.1", "10.207.0.2", "10.207.128.1", "localhost", "kubernetes.default.svc"},
		"kubelet":   {"127.0.0.1", "10.207.0.2", "one-node"},
	} {
		pair, err := tls.LoadX509KeyPair(cluster.File("pki", name+".crt"), cluster.File("pki", name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range hosts {
			if err := pair.Leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		if err := pair.Leaf.VerifyHostname(net.IPv4(10, 0, 0, 1).String()); err == nil {
			t.Errorf("%s answers to any address", name)
		}
	}
}
