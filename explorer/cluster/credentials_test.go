package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"pilothouse/explorer/problem"
)

func TestEveryWayToSignInReachesTheServer(t *testing.T) {
	server := newAPIServer(t, nil)
	certPEM, keyPEM := server.authority.user("jane")
	folder := t.TempDir()
	write(t, filepath.Join(folder, "token"), "secret-in-a-file\n")
	write(t, filepath.Join(folder, "jane.crt"), certPEM)
	write(t, filepath.Join(folder, "jane.key"), keyPEM)

	for _, test := range []struct {
		name, cluster, user string
		saw                 func(*http.Request) string
		want                string
	}{{
		name: "token",
		user: "token: secret",
		saw:  header("Authorization"), want: "Bearer secret",
	}, {
		name: "token in a file",
		user: "tokenFile: " + filepath.Join(folder, "token"),
		saw:  header("Authorization"), want: "Bearer secret-in-a-file",
	}, {
		name: "name and password",
		user: "username: jane\npassword: secret",
		saw: func(r *http.Request) string {
			name, password, _ := r.BasicAuth()
			return name + ":" + password
		}, want: "jane:secret",
	}, {
		name: "certificate",
		user: "client-certificate-data: " + encoded(certPEM) + "\nclient-key-data: " + encoded(keyPEM),
		saw:  clientName, want: "jane",
	}, {
		name: "certificate in files",
		user: "client-certificate: " + folder + "/jane.crt\nclient-key: " + folder + "/jane.key",
		saw:  clientName, want: "jane",
	}, {
		name: "impersonation",
		user: "token: secret\nas: joe\nas-uid: '7'\nas-groups: [dev, ops]\nas-user-extra: {reason: [test]}",
		saw: func(r *http.Request) string {
			h := r.Header
			return strings.Join([]string{
				h.Get("Impersonate-User"), h.Get("Impersonate-Uid"),
				strings.Join(h["Impersonate-Group"], ","), h.Get("Impersonate-Extra-Reason"),
			}, " ")
		}, want: "joe 7 dev,ops test",
	}, {
		name:    "TLS server name",
		cluster: "tls-server-name: kubernetes",
		saw:     func(r *http.Request) string { return r.TLS.ServerName }, want: "kubernetes",
	}, {
		name: "user agent",
		saw:  header("User-Agent"), want: "pilothouse",
	}, {
		name: "HTTP/2",
		saw:  func(r *http.Request) string { return r.Proto }, want: "HTTP/2.0",
	}} {
		t.Run(test.name, func(t *testing.T) {
			_, cluster, _ := open(t, server.kubeconfig(test.cluster, test.user))
			mustGet(t, cluster, "/version")
			if got := test.saw(server.last(t)); got != test.want {
				t.Errorf("the server saw %q, want %q", got, test.want)
			}
		})
	}
}

func header(name string) func(*http.Request) string {
	return func(r *http.Request) string { return r.Header.Get(name) }
}

func clientName(r *http.Request) string {
	if len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.CommonName
}

func TestRequestsGoThroughTheProxyOfTheCluster(t *testing.T) {
	server := newAPIServer(t, nil)
	var connected []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected = append(connected, r.Method+" "+r.Host)
		tunnel(t, w, r)
	}))
	t.Cleanup(proxy.Close)

	contexts, cluster, _ := open(t, server.kubeconfig("proxy-url: "+proxy.URL, ""))
	mustGet(t, cluster, "/version")
	contexts.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if want := "CONNECT " + address.Host; len(connected) != 1 || connected[0] != want {
		t.Errorf("the proxy saw %q, want %q", connected, want)
	}
}

// tunnel answers a CONNECT by joining the two connections.
func tunnel(t *testing.T, w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		t.Error(err)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := here.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); err != nil {
		t.Error(err)
	}
	join(here, there)
}

func TestPathOfTheServerIsKept(t *testing.T) {
	server := newAPIServer(t, nil)
	_, cluster, _ := open(t, strings.Replace(server.kubeconfig("", ""), server.URL, server.URL+"/k8s/clusters/c-1/", 1))
	mustGet(t, cluster, "/version")
	if got, want := server.last(t).URL.Path, "/k8s/clusters/c-1/version"; got != want {
		t.Errorf("the server was asked for %s, want %s", got, want)
	}
}

func TestRESTConfigSignsInByItself(t *testing.T) {
	server := newAPIServer(t, nil)
	_, cluster, _ := open(t, server.kubeconfig("", "token: secret"))
	config, err := cluster.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	if config.BearerToken != "secret" || config.QPS != -1 || config.ExecProvider != nil {
		t.Errorf("got token %q, QPS %v, plugin %v", config.BearerToken, config.QPS, config.ExecProvider)
	}
	if got := cluster.Status().State; got != StateIdle {
		t.Errorf("nothing was asked, and the cluster is %s", got)
	}
	config.BearerToken = "another"
	mustGet(t, cluster, "/version")
	if got := server.last(t).Header.Get("Authorization"); got != "Bearer secret" {
		t.Errorf("a change of the copy reached the cluster: %q", got)
	}
}

func TestRedirectsDoNotLeadCredentialsAway(t *testing.T) {
	elsewhere := newAPIServer(t, nil)
	server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/steal", http.StatusFound)
	})
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	_, err := get(t, cluster, "/version")
	p := problemOf(t, err, problem.Rejected)
	if want := "302 Found, leads to " + elsewhere.Listener.Addr().String(); !strings.Contains(p.Message, want) {
		t.Errorf("got %q, want it to say %q", p.Message, want)
	}
	if elsewhere.count() != 0 {
		t.Error("the request followed the redirect")
	}
}

func TestUntrustedCertificatesAreToldApart(t *testing.T) {
	stranger := newAuthority(t)
	own := func(template *x509.Certificate) serverOption {
		return func(s *httptest.Server, a *authority) { withCertificate(template, a)(s, a) }
	}
	for _, test := range []struct {
		name   string
		option serverOption
		want   string
	}{
		{"signed by a stranger", withCertificate(&x509.Certificate{IPAddresses: loopback()}, stranger), "not signed by an authority"},
		{"made for another name", own(&x509.Certificate{DNSNames: []string{"elsewhere"}}), "made for another name"},
		{"expired", own(&x509.Certificate{IPAddresses: loopback(), NotAfter: yesterday()}), "expired"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newAPIServer(t, nil, test.option)
			_, cluster, _ := open(t, server.kubeconfig("", ""))
			_, err := get(t, cluster, "/version")
			p := problemOf(t, err, problem.CertificateUntrusted)
			if !strings.Contains(p.Message, test.want) || len(p.Suggestions) == 0 {
				t.Errorf("got %q with suggestions %q, want it to say %q", p.Message, p.Suggestions, test.want)
			}
			if got := cluster.Status().State; got != StateUnreachable {
				t.Errorf("the cluster is %s, want %s", got, StateUnreachable)
			}
			if server.count() != 0 {
				t.Error("a request with credentials reached a server that is not to be trusted")
			}
		})
	}
}

func TestRefusedClientCertificateIsUnauthorized(t *testing.T) {
	// With TLS 1.3 the client may not hear why: its handshake ends before the server's.
	server := newAPIServer(t, nil, func(s *httptest.Server, _ *authority) { s.TLS.MaxVersion = tls.VersionTLS12 })
	certPEM, keyPEM := newAuthority(t).user("jane")
	_, cluster, _ := open(t, server.kubeconfig("", "client-certificate-data: "+encoded(certPEM)+"\nclient-key-data: "+encoded(keyPEM)))
	_, err := get(t, cluster, "/version")
	problemOf(t, err, problem.Unauthorized)
	if got := cluster.Status().State; got != StateUnauthorized {
		t.Errorf("the cluster is %s, want %s", got, StateUnauthorized)
	}
}

func TestConfigurationThatCannotConnectIsTold(t *testing.T) {
	server := newAPIServer(t, nil)
	for name, kubeconfig := range map[string]string{
		"authority":   kubeconfigFor(server.URL, "certificate-authority-data: "+encoded("nonsense"), ""),
		"certificate": server.kubeconfig("", "client-certificate-data: "+encoded("nonsense")+"\nclient-key-data: "+encoded("nonsense")),
		"server":      kubeconfigFor("https://host:port:port", "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			_, cluster, _ := open(t, kubeconfig)
			_, err := get(t, cluster, "/version")
			problemOf(t, err, problem.KubeconfigInvalid)
			if got := cluster.Status().State; got != StateInvalid {
				t.Errorf("the cluster is %s, want %s", got, StateInvalid)
			}
		})
	}
}
