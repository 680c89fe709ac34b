//go:build cluster

package tree

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"golang.org/x/sync/errgroup"
)

// wire stands between the tree and the API server and does what networks do.
type wire struct {
	listener net.Listener
	pipes    sync.WaitGroup

	mu      sync.Mutex
	refuses bool
	conns   map[net.Conn]chan struct{} // with what freezes them when closed
}

// throughWire lets the tree reach the API server only through a wire.
func throughWire(t *testing.T) (*wire, func(*clientcmdapi.Config)) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	w := &wire{listener: listener, conns: map[net.Conn]chan struct{}{}}
	t.Cleanup(func() {
		_ = listener.Close()
		w.cut()
		w.pipes.Wait()
	})
	return w, func(c *clientcmdapi.Config) {
		for _, cluster := range c.Clusters {
			address, err := url.Parse(cluster.Server)
			if err != nil {
				t.Fatal(err)
			}
			cluster.Server = "https://" + listener.Addr().String()
			cluster.TLSServerName = address.Hostname()
			once.Do(func() { w.pipes.Go(func() { w.serve(address.Host) }) })
		}
	}
}

func (w *wire) serve(server string) {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		refuses := w.refuses
		w.mu.Unlock()
		far, err := net.Dial("tcp", server)
		if err != nil || refuses {
			_ = near.Close()
			if far != nil {
				_ = far.Close()
			}
			continue
		}
		frozen := make(chan struct{})
		w.mu.Lock()
		w.conns[near], w.conns[far] = frozen, frozen
		w.mu.Unlock()
		w.pipes.Go(func() { w.pipe(near, far, frozen) })
		w.pipes.Go(func() { w.pipe(far, near, frozen) })
	}
}

// pipe carries bytes until an end closes; once frozen it swallows them.
func (w *wire) pipe(from, to net.Conn, frozen chan struct{}) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-frozen:
			if err == nil {
				continue
			}
		default:
		}
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			_, _ = from.Close(), to.Close()
			return
		}
	}
}

// cut closes every connection.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

// freeze lets every connection stand open with nothing passing any more, as after a
// laptop changed its network; new ones work.
func (w *wire) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	closed := map[chan struct{}]bool{}
	for _, frozen := range w.conns {
		if !closed[frozen] {
			closed[frozen] = true
			close(frozen)
		}
	}
}

func (w *wire) refuse(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuses = yes
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"a": "b"}}
}

// followMaps follows the ConfigMaps of a new namespace, of which one is there.
func (r *fixture) followMaps() (ns string, f *follower) {
	r.Helper()
	ns = r.namespace()
	r.makeMap(ns, "first")
	f = r.follow(Query{Node: KindID(r.context, ns, "configmaps")}).live()
	f.until("the first ConfigMap", f.has("first"))
	return ns, f
}

func (r *fixture) makeMap(ns, name string) {
	r.Helper()
	_, err := r.clients.CoreV1().ConfigMaps(ns).Create(r.Context(), configMap(name), metav1.CreateOptions{})
	r.must(err)
}

func (r *fixture) dropMap(ns, name string) {
	r.Helper()
	r.must(r.clients.CoreV1().ConfigMaps(ns).Delete(r.Context(), name, metav1.DeleteOptions{}))
}

func (f *follower) has(name string) func() bool {
	return func() bool { _, ok := f.row(name); return ok }
}

func (f *follower) lacks(name string) func() bool {
	return func() bool { _, ok := f.row(name); return !ok }
}

func TestClusterConnectionCut(t *testing.T) {
	w, through := throughWire(t)
	r := onCluster(t, through)
	ns, f := r.followMaps()
	for i := range 5 {
		w.cut()
		name := fmt.Sprintf("after-cut-%d", i)
		r.makeMap(ns, name)
		f.until(name, func() bool { return f.has(name)() && f.state == StateLive })
	}
}

func TestClusterConnectionHalfOpen(t *testing.T) {
	w, through := throughWire(t)
	r := onCluster(t, through)
	ns, f := r.followMaps()
	w.freeze()
	r.makeMap(ns, "meanwhile")
	f.until("what happened while nothing passed", func() bool { return f.has("meanwhile")() && f.state == StateLive })
}

func TestClusterUnreachableForAWhile(t *testing.T) {
	w, through := throughWire(t)
	r := onCluster(t, through)
	root := r.follow(Query{})
	ns, f := r.followMaps()
	w.refuse(true)
	w.cut()
	f.until("that the cluster does not answer", func() bool { return f.state == StateReconnecting && strings.Contains(f.problem, "does not answer") })
	root.until("that the context is unreachable", func() bool { c, _ := root.row(r.context); return c.Status == "unreachable" && c.Problem != nil })
	if !f.has("first")() {
		t.Error("the last rows known are not shown any more")
	}
	r.makeMap(ns, "meanwhile")
	w.refuse(false)
	f.until("what happened meanwhile", func() bool { return f.has("meanwhile")() && f.state == StateLive && f.problem == "" })
	root.until("the context ready again", root.shows(r.context, "ready"))
}

// A watch that cannot be resumed, because the server has forgotten so far back, becomes a
// list that is right: what has gone is gone.
func TestClusterExpiredWatch(t *testing.T) {
	w, through := throughWire(t)
	r := onCluster(t, through)
	ns, f := r.followMaps()
	w.refuse(true)
	w.cut()
	f.until("that the cluster does not answer", func() bool { return f.state == StateReconnecting })
	r.makeMap(ns, "second")
	r.dropMap(ns, "first")
	r.tool("compact")
	w.refuse(false)
	f.until("the second instead of the first", func() bool { return f.has("second")() && f.lacks("first")() && f.state == StateLive })
}

func TestClusterAPIServerRestarted(t *testing.T) {
	r := onCluster(t, nil)
	ns, f := r.followMaps()
	r.tool("restart", "apiserver")
	r.makeMap(ns, "afterwards")
	r.dropMap(ns, "first")
	f.until("what happened afterwards", func() bool { return f.has("afterwards")() && f.lacks("first")() && f.state == StateLive })
}

func TestClusterContextDeletedWhileOpen(t *testing.T) {
	r := onCluster(t, nil)
	root := r.follow(Query{})
	ns, f := r.followMaps()
	without := r.config.DeepCopy()
	without.Contexts = nil
	r.write(without)
	root.until("that no context is left", func() bool { _, ok := root.row(r.context); return !ok })
	w := r.config.DeepCopy()
	r.makeMap(ns, "meanwhile")
	r.write(w)
	root.until("the context again", root.has(r.context))
	f.until("the rows again", func() bool { return f.has("meanwhile")() && f.state == StateLive })
}

func TestClusterCertificateNotTrusted(t *testing.T) {
	var right []byte
	r := onCluster(t, func(c *clientcmdapi.Config) {
		for _, cluster := range c.Clusters {
			right = cluster.CertificateAuthorityData
			cluster.CertificateAuthorityData = foreignCA
		}
	})
	f := r.follow(Query{Node: KindID(r.context, "", "namespaces")})
	f.until("that the certificate is not trusted", func() bool { return f.state == StateFailed && strings.Contains(f.problem, "certificateUntrusted") })
	mended := r.config.DeepCopy()
	for _, cluster := range mended.Clusters {
		cluster.CertificateAuthorityData = right
	}
	r.write(mended)
	f.until("the rows after the file was mended", func() bool { return f.state == StateLive && f.has("default")() })
}

// limited makes a ServiceAccount that may read pods in one namespace and gives a
// kubeconfig with its token.
func (r *fixture) limited(ns string) *clientcmdapi.Config {
	r.Helper()
	ctx := r.Context()
	_, err := r.clients.CoreV1().ServiceAccounts(ns).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}, metav1.CreateOptions{})
	r.must(err)
	_, err = r.clients.RbacV1().Roles(ns).Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods", "configmaps"}, Verbs: []string{"get", "list", "watch"}}},
	}, metav1.CreateOptions{})
	r.must(err)
	_, err = r.clients.RbacV1().RoleBindings(ns).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "reader"}, Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "reader", Namespace: ns}},
	}, metav1.CreateOptions{})
	r.must(err)
	return r.withToken(ns)
}

func (r *fixture) withToken(ns string) *clientcmdapi.Config {
	r.Helper()
	token, err := r.clients.CoreV1().ServiceAccounts(ns).CreateToken(r.Context(), "reader", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	r.must(err)
	c := r.config.DeepCopy()
	for name := range c.AuthInfos {
		c.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	}
	for _, context := range c.Contexts {
		context.Namespace = ns
	}
	return c
}

// A user who may not list namespaces, and only some kinds, sees what they may and a sentence for the rest.
func TestClusterUserWithFewRights(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	r.makeMap(ns, "mine")
	r.write(r.limited(ns))
	namespaces := r.follow(Query{Node: join(escape(r.context), placeNamespaces)})
	namespaces.until("the namespace and a sentence", func() bool {
		_, mine := namespaces.row(ns)
		_, sentence := namespaces.row("You may not list namespaces")
		return mine && sentence && namespaces.state == StateLive
	})
	workloads := namespaces.expand(ns).expand("Workloads")
	workloads.until("pods, and a sentence for the rest", func() bool {
		_, pods := workloads.row("Pods")
		_, deployments := workloads.row("Deployments")
		return pods && !deployments && len(workloads.rows) == 2 && workloads.rows[1].Type == NodeMessage
	})
	maps := r.follow(Query{Node: KindID(r.context, ns, "configmaps")})
	maps.until("the ConfigMap", maps.has("mine"))
	secrets := r.follow(Query{Node: KindID(r.context, ns, "secrets")})
	secrets.until("that secrets are forbidden", func() bool { return secrets.state == StateFailed && strings.Contains(secrets.problem, "forbidden") })
}

// A token that the server does not accept any more is told, and a new one in the file is taken at once.
func TestClusterExpiredToken(t *testing.T) {
	w, through := throughWire(t)
	r := onCluster(t, through)
	ns := r.namespace()
	r.makeMap(ns, "first")
	limited := r.limited(ns)
	through(limited)
	r.write(limited)
	f := r.follow(Query{Node: KindID(r.context, ns, "configmaps")})
	f.until("the ConfigMap", f.has("first"))
	r.must(r.clients.CoreV1().ServiceAccounts(ns).Delete(r.Context(), "reader", metav1.DeleteOptions{}))
	f.until("that the credentials are not accepted", func() bool {
		w.cut() // an open stream outlives its token
		return strings.Contains(f.problem, "unauthorized")
	})
	_, err := r.clients.CoreV1().ServiceAccounts(ns).Create(r.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}, metav1.CreateOptions{})
	r.must(err)
	r.makeMap(ns, "meanwhile")
	again := r.withToken(ns)
	through(again)
	r.write(again)
	f.until("the rows with the new token", func() bool { return f.has("meanwhile")() && f.state == StateLive })
}

// 50,000 objects of one kind in one namespace are shown by a window, counted, and followed.
func TestClusterFiftyThousandObjects(t *testing.T) {
	const objects = 50_000
	second := kubeconfig(t, "PILOTHOUSE_TEST_KUBECONFIG_2") // which has nothing else to do
	clients, _ := connect(t, second)
	ns, err := clients.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "many-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := clients.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("removing namespace %s: %v", ns.Name, err)
		}
	})
	maps := clients.CoreV1().ConfigMaps(ns.Name)
	makers, ctx := errgroup.WithContext(t.Context())
	makers.SetLimit(64)
	for i := range objects {
		makers.Go(func() error {
			_, err := maps.Create(ctx, configMap(fmt.Sprintf("many-%05d", i)), metav1.CreateOptions{})
			return err
		})
	}
	if err := makers.Wait(); err != nil {
		t.Fatal(err)
	}
	r := onCluster(t, func(c *clientcmdapi.Config) { *c = *second.DeepCopy() })
	r.context = second.CurrentContext
	f := r.follow(Query{Node: KindID(r.context, ns.Name, "configmaps"), Filter: Filter{Name: "many-"}, Sort: Sort{Column: "Name", Descending: true}, Limit: 20})
	f.until("all of them", func() bool { return f.state == StateLive && f.total == objects })
	if f.rows[0].Name != "many-49999" || len(f.rows) != 20 {
		t.Errorf("the window shows %s", f.names())
	}
	if _, err := maps.Create(t.Context(), configMap("many-99999"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	f.until("the new one on top", func() bool { return f.rows[0].Name == "many-99999" && f.total == objects+1 && len(f.rows) == 20 })
	f.view.SetLimit(1000)
	f.until("a larger window", func() bool { return len(f.rows) == 1000 })
}
