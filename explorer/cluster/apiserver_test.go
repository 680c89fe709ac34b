package cluster

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority signs the certificates of one test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  crypto.Signer
	pem  string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t}
	certPEM, keyPEM := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	})
	pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
	if err != nil {
		t.Fatal(err)
	}
	a.cert, a.key, a.pem = pair.Leaf, pair.PrivateKey.(crypto.Signer), certPEM
	return a
}

// sign completes a certificate, valid from yesterday to tomorrow unless it says
// otherwise, and signs it: with the authority, or with itself while there is none.
func (a *authority) sign(template *x509.Certificate) (certPEM, keyPEM string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	template.NotBefore = template.NotAfter.Add(-48 * time.Hour)
	parent, signer := template, crypto.Signer(key)
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// user signs a client certificate for a user.
func (a *authority) user(name string) (certPEM, keyPEM string) {
	a.t.Helper()
	return a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// apiServer plays the parts of an API server that a test is about: it is there
// for faults and credentials, which the real one cannot be made to show.
type apiServer struct {
	*httptest.Server
	authority *authority
	handler   http.HandlerFunc // nil tells the version whatever is asked

	mu   sync.Mutex
	seen []*http.Request
}

// serverOption changes the server before it starts.
type serverOption func(*httptest.Server, *authority)

// withCertificate makes the server present another certificate.
func withCertificate(template *x509.Certificate, signer *authority) serverOption {
	return func(s *httptest.Server, _ *authority) {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		certPEM, keyPEM := signer.sign(template)
		pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
		if err != nil {
			signer.t.Fatal(err)
		}
		s.TLS.Certificates = []tls.Certificate{pair}
	}
}

// newAPIServer starts a server with HTTP/2 and TLS.
func newAPIServer(t testing.TB, handler http.HandlerFunc, options ...serverOption) *apiServer {
	t.Helper()
	s := &apiServer{authority: newAuthority(t), handler: handler}
	s.Server = httptest.NewUnstartedServer(s)
	s.Server.EnableHTTP2 = true
	// Handshakes fail here on purpose.
	s.Server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	clients := x509.NewCertPool()
	clients.AddCert(s.authority.cert)
	s.Server.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients}
	withCertificate(&x509.Certificate{
		DNSNames: []string{"kubernetes"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, s.authority)(s.Server, s.authority)
	for _, option := range options {
		option(s.Server, s.authority)
	}
	s.StartTLS()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	if s.handler != nil {
		s.handler(w, r)
		return
	}
	answerVersion(w)
}

func answerVersion(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"gitVersion":"v1.36.3"}`)
}

// last gives the last request that was seen.
func (s *apiServer) last(t testing.TB) *http.Request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		t.Fatal("the server saw no request")
	}
	return s.seen[len(s.seen)-1]
}

func (s *apiServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// kubeconfig writes a kubeconfig with the one context "dev" for the server.
// cluster and user are more lines of YAML for those entries.
func (s *apiServer) kubeconfig(cluster, user string) string {
	return kubeconfigFor(s.URL, "certificate-authority-data: "+encoded(s.authority.pem)+"\n"+cluster, user)
}

func kubeconfigFor(server, cluster, user string) string {
	var b bytes.Buffer
	b.WriteString("apiVersion: v1\nkind: Config\ncurrent-context: dev\n")
	b.WriteString("contexts: [{name: dev, context: {cluster: kind, user: jane, namespace: shop}}]\n")
	b.WriteString("clusters:\n- name: kind\n  cluster:\n    server: " + server + "\n" + indent(cluster))
	b.WriteString("users:\n- name: jane\n  user:\n")
	if user == "" {
		user = "token: secret-of-jane"
	}
	b.WriteString(indent(user))
	return b.String()
}

func indent(lines string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
