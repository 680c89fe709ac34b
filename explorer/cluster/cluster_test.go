//go:build cluster

package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"pilothouse/explorer/problem"
)

// openReal opens the current context of the real cluster whose kubeconfig an
// environment variable names, with the pauses of real life.
func openReal(t *testing.T, variable string) (*Contexts, *Cluster) {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s must name the kubeconfig of a running test cluster; `make test` sets it", variable)
	}
	contexts := start(t, Options{Files: []string{path}}, defaultTiming())
	for _, c := range contexts.List() {
		if c.Current {
			cluster, err := contexts.Open(c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return contexts, cluster
		}
	}
	t.Fatalf("%s has no current context", path)
	return nil, nil
}

// post creates an object and gives it as the server answers it.
func post(t *testing.T, c *Cluster, collection, object string) string {
	t.Helper()
	body, err := c.send(t.Context(), request{method: http.MethodPost, path: collection, accept: "application/json", body: []byte(object)})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func remove(t *testing.T, c *Cluster, path string) {
	t.Helper()
	body, err := c.send(t.Context(), request{method: http.MethodDelete, path: path, accept: "application/json"})
	if err != nil {
		t.Fatal(err)
	}
	body.Close()
}

// namespace creates a namespace of this test's own and deletes it at the end.
func namespace(t *testing.T, c *Cluster) (name string, done func()) {
	t.Helper()
	name = fmt.Sprintf("cluster-test-%d", time.Now().UnixNano())
	post(t, c, "/api/v1/namespaces", `{"metadata":{"name":"`+name+`"}}`)
	return name, func() { remove(t, c, "/api/v1/namespaces/"+name) }
}

func TestClusterIsReadyAndTellsItsKinds(t *testing.T) {
	_, cluster := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG")
	defer cluster.Hold()()
	awaitState(t, cluster, StateReady)
	await(t, cluster, "the version is known", func() bool { return strings.HasPrefix(cluster.Status().Version, "v1.") })
	kinds, err := cluster.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"po": "pods", "deploy": "deployments.apps", "ing": "ingresses.networking.k8s.io", "crd": "customresourcedefinitions.apiextensions.k8s.io",
		"hpa": "horizontalpodautoscalers.autoscaling", "ns": "namespaces", "cj": "cronjobs.batch", "sc": "storageclasses.storage.k8s.io",
		"events": "events", "netpol": "networkpolicies.networking.k8s.io", "ev.events.k8s.io": "events.events.k8s.io",
	} {
		if kind, found := kinds.Find(name); !found || kind.ID() != want {
			t.Errorf("%q finds %q, want %q", name, kind.ID(), want)
		}
	}
	for _, k := range kinds.All() {
		extension := k.Group == "metrics.k8s.io"
		if k.Custom != extension {
			t.Errorf("%s counts as custom: %t", k.ID(), k.Custom)
		}
		if k.Can("list") {
			body, err := cluster.Get(t.Context(), k.Path(""), url.Values{"limit": {"1"}}, "application/json")
			if err != nil {
				t.Errorf("listing %s: %v", k.ID(), err)
				continue
			}
			body.Close()
		}
	}
}

// definition is a CustomResourceDefinition of the group pilothouse.test.
func definition(plural, kind string) string {
	return `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"` + plural + `.pilothouse.test"},
"spec":{"group":"pilothouse.test","scope":"Namespaced","names":{"plural":"` + plural + `","kind":"` + kind + `","shortNames":["` + plural[:3] + `"]},
"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`
}

func TestClusterKindsFollowTheirDefinitions(t *testing.T) {
	_, cluster := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG")
	defer cluster.Hold()()
	awaitState(t, cluster, StateReady)
	has := func(plural string) func() bool {
		return func() bool {
			kinds, err := cluster.Kinds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			kind, found := kinds.Find(plural + ".pilothouse.test")
			return found && kind.Custom
		}
	}
	lacks := func(plural string) func() bool { return func() bool { return !has(plural)() } }
	const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	for _, plural := range []string{"sloops", "ketches"} { // the second comes to a group that is there already
		post(t, cluster, definitions, definition(plural, strings.ToUpper(plural[:1])+plural[1:]))
		began := time.Now()
		await(t, cluster, plural+" are served", has(plural))
		t.Logf("%s known after %v", plural, time.Since(began).Round(time.Millisecond))
	}
	for _, plural := range []string{"sloops", "ketches"} {
		remove(t, cluster, definitions+"/"+plural+".pilothouse.test")
		began := time.Now()
		await(t, cluster, plural+" are gone", lacks(plural))
		t.Logf("%s forgotten after %v", plural, time.Since(began).Round(time.Millisecond))
	}
}

// as gives the kubeconfig of the real cluster with another user.
func as(t *testing.T, c *Cluster, user *clientcmdapi.AuthInfo) *Cluster {
	t.Helper()
	c.mu.Lock()
	entry := *c.entry
	c.mu.Unlock()
	entry.config = entry.config.DeepCopy()
	entry.config.AuthInfos[entry.context.User] = user
	other := newCluster(c.id, c.settings, c.workers)
	t.Cleanup(other.close)
	other.configure(&entry)
	return other
}

func TestClusterShowsARestrictedUserWhatTheyMaySee(t *testing.T) {
	_, admin := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG")
	ns, done := namespace(t, admin)
	defer done()
	post(t, admin, "/api/v1/namespaces/"+ns+"/serviceaccounts", `{"metadata":{"name":"jane"}}`)
	post(t, admin, "/apis/rbac.authorization.k8s.io/v1/namespaces/"+ns+"/roles",
		`{"metadata":{"name":"see-pods"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list","watch"]}]}`)
	post(t, admin, "/apis/rbac.authorization.k8s.io/v1/namespaces/"+ns+"/rolebindings",
		`{"metadata":{"name":"jane"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"see-pods"},
		"subjects":[{"kind":"ServiceAccount","name":"jane","namespace":"`+ns+`"}]}`)
	var token struct{ Status struct{ Token string } }
	answer := post(t, admin, "/api/v1/namespaces/"+ns+"/serviceaccounts/jane/token",
		`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`)
	if err := json.Unmarshal([]byte(answer), &token); err != nil {
		t.Fatal(err)
	}
	admin.mu.Lock()
	impersonator := admin.entry.user().DeepCopy()
	admin.mu.Unlock()
	impersonator.Impersonate = "system:serviceaccount:" + ns + ":jane"

	for name, user := range map[string]*clientcmdapi.AuthInfo{
		"with a token":  {Token: token.Status.Token},
		"impersonating": impersonator,
	} {
		t.Run(name, func(t *testing.T) {
			jane := as(t, admin, user)
			defer jane.Hold()()
			awaitState(t, jane, StateReady)
			kinds, err := jane.Kinds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pods, _ := kinds.Find("pods")
			secrets, _ := kinds.Find("secrets")
			namespaces, _ := kinds.Find("namespaces")
			mustGet(t, jane, pods.Path(ns))
			for _, path := range []string{secrets.Path(ns), namespaces.Path(""), pods.Path("")} {
				_, err := get(t, jane, path)
				p := problemOf(t, err, problem.Forbidden)
				if !strings.Contains(p.Message, `"system:serviceaccount:`+ns+`:jane" cannot list resource`) {
					t.Errorf("%s: got %q", path, p.Message)
				}
			}
			if got := jane.Status().State; got != StateReady {
				t.Errorf("what is forbidden made the cluster %s", got)
			}
			rules, err := jane.Allowed(t.Context(), ns)
			if err != nil {
				t.Fatal(err)
			}
			for _, test := range []struct {
				verb           string
				kind           Kind
				allowed, known bool
			}{
				{"list", pods, true, true},
				{"delete", pods, false, true},
				{"list", secrets, false, true},
				{"list", namespaces, false, true},
			} {
				if allowed, known := rules.May(test.verb, test.kind); allowed != test.allowed || known != test.known {
					t.Errorf("%s %s: got allowed %t, known %t", test.verb, test.kind.ID(), allowed, known)
				}
			}
		})
	}
}

func TestClusterRefusesAWrongToken(t *testing.T) {
	_, admin := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG")
	stranger := as(t, admin, &clientcmdapi.AuthInfo{Token: planted})
	defer stranger.Hold()()
	status := awaitState(t, stranger, StateUnauthorized)
	if strings.Contains(fmt.Sprintf("%+v", status.Problem), planted) {
		t.Error("the problem tells the token")
	}
}

func TestClusterIsFoundAgainAfterACut(t *testing.T) {
	_, admin := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG")
	server, err := url.Parse(admin.Context().Server)
	if err != nil {
		t.Fatal(err)
	}
	cable := newCable(t, server.Host)
	admin.mu.Lock()
	entry := *admin.entry
	admin.mu.Unlock()
	entry.config = entry.config.DeepCopy()
	entry.config.Clusters[entry.context.Cluster].Server = "https://" + cable.address
	entry.config.Clusters[entry.context.Cluster].TLSServerName = server.Hostname()
	cluster := newCluster(admin.id, admin.settings, admin.workers)
	t.Cleanup(cluster.close)
	cluster.configure(&entry)
	defer cluster.Hold()()
	awaitState(t, cluster, StateReady)

	body, err := cluster.Get(t.Context(), "/api/v1/nodes", watching, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	cable.unplug()
	_, err = io.ReadAll(body)
	problemOf(t, err, problem.Unreachable)
	awaitState(t, cluster, StateUnreachable)
	cable.plug()
	awaitState(t, cluster, StateReady)
}

func TestClusterTwoAreOpenAtOnce(t *testing.T) {
	_, first := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG")
	_, second := openReal(t, "PILOTHOUSE_TEST_KUBECONFIG_2")
	uid := func(c *Cluster) string {
		var namespace struct{ Metadata struct{ UID string } }
		if err := json.Unmarshal([]byte(mustGet(t, c, "/api/v1/namespaces/kube-system")), &namespace); err != nil {
			t.Fatal(err)
		}
		return namespace.Metadata.UID
	}
	one, two := uid(first), uid(second)
	if one == "" || one == two {
		t.Errorf("both contexts lead to the cluster %s", one)
	}
	if again := uid(first); again != one {
		t.Errorf("the first context leads to %s now", again)
	}
}
