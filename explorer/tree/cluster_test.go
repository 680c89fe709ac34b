//go:build cluster

package tree

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pilothouse/explorer/cluster"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// patience is how long a test waits for what must happen.
const patience = 90 * time.Second

// fixture is a real cluster with a tree over it.
type fixture struct {
	*testing.T
	tree     *Tree
	contexts *cluster.Contexts
	context  string
	file     string // the kubeconfig that the tree reads
	config   clientcmdapi.Config
	clients  kubernetes.Interface
	dynamic  dynamic.Interface
}

// onCluster gives a tree over the test cluster, through a kubeconfig that change may alter.
func onCluster(t *testing.T, change func(*clientcmdapi.Config)) *fixture {
	t.Helper()
	config := kubeconfig(t, "PILOTHOUSE_TEST_KUBECONFIG")
	r := &fixture{T: t, context: config.CurrentContext, config: *config, file: filepath.Join(t.TempDir(), "config")}
	r.clients, r.dynamic = connect(t, config)
	seen := config.DeepCopy()
	if change != nil {
		change(seen)
	}
	r.write(seen)
	var err error
	if r.contexts, err = cluster.New(t.Context(), cluster.Options{Files: []string{r.file}, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	r.tree = New(t.Context(), r.contexts, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		r.tree.Close()
		r.contexts.Close()
	})
	return r
}

// connect gives clients whose connections end with the test.
func connect(t *testing.T, config *clientcmdapi.Config) (kubernetes.Interface, dynamic.Interface) {
	t.Helper()
	c, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	c.QPS = -1
	connections, err := rest.HTTPClientFor(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(connections.Transport) })
	typed, err := kubernetes.NewForConfigAndClient(c, connections)
	if err != nil {
		t.Fatal(err)
	}
	untyped, err := dynamic.NewForConfigAndClient(c, connections)
	if err != nil {
		t.Fatal(err)
	}
	return typed, untyped
}

// kubeconfig reads the kubeconfig that an environment variable names.
func kubeconfig(t *testing.T, variable string) *clientcmdapi.Config {
	t.Helper()
	file := os.Getenv(variable)
	if file == "" {
		t.Fatalf("%s names no kubeconfig: run the tests by `make test`, which starts a cluster", variable)
	}
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func (r *fixture) write(config *clientcmdapi.Config) {
	r.Helper()
	if err := clientcmd.WriteToFile(*config, r.file); err != nil {
		r.Fatal(err)
	}
}

// tool runs a command of pilothouse-cluster on the test cluster and gives what it prints.
func (r *fixture) tool(args ...string) string {
	r.Helper()
	tool := os.Getenv("PILOTHOUSE_TEST_CLUSTER")
	if tool == "" {
		r.Fatal("PILOTHOUSE_TEST_CLUSTER names no pilothouse-cluster: run the tests by `make test`")
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool, append([]string{"--name", r.context}, args...)...).Output()
	if err != nil {
		r.Fatalf("pilothouse-cluster %v: %v\n%s", args, err, stderr(err))
	}
	return string(out)
}

func stderr(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}

// namespace makes a namespace that is gone, with all in it, after the test.
func (r *fixture) namespace() string {
	r.Helper()
	ns, err := r.clients.CoreV1().Namespaces().Create(r.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tree-"}}, metav1.CreateOptions{})
	r.must(err)
	r.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.clients.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{}); err != nil {
			r.Errorf("removing namespace %s: %v", ns.Name, err)
		}
	})
	return ns.Name
}

func (r *fixture) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// create makes objects of YAML-like maps through the API.
func (r *fixture) create(resource schema.GroupVersionResource, namespace string, object map[string]any) {
	r.Helper()
	var in dynamic.ResourceInterface = r.dynamic.Resource(resource)
	if namespace != "" {
		in = r.dynamic.Resource(resource).Namespace(namespace)
	}
	_, err := in.Create(r.Context(), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{})
	r.must(err)
}

// follower reads a view as a front-end does.
type follower struct {
	*fixture
	view *View
	window
	state   State
	problem string
	total   int
}

func (r *fixture) follow(q Query) *follower {
	r.Helper()
	v, err := r.tree.Open(r.Context(), q)
	r.must(err)
	r.Cleanup(v.Close)
	f := &follower{fixture: r, view: v, window: window{t: r.T}}
	p := v.Page()
	f.page(p)
	f.note(p.State, p.Total, p.Problem != nil, func() string { return fmt.Sprintf("%+v", *p.Problem) })
	return f
}

func (f *follower) note(s State, total int, failed bool, code func() string) {
	f.state, f.total, f.problem = s, total, ""
	if failed {
		f.problem = code()
	}
}

// until reads changes until done holds.
func (f *follower) until(what string, done func() bool) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	for !done() {
		c, err := f.view.Next(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			f.Fatalf("never seen: %s. State %s %s, %d rows: %s", what, f.state, f.problem, f.total, f.names())
		}
		f.must(err)
		f.change(c)
		f.note(c.State, c.Total, c.Problem != nil, func() string { return fmt.Sprintf("%+v", *c.Problem) })
	}
}

func (f *follower) live() *follower {
	f.Helper()
	f.until("a live list", func() bool { return f.state == StateLive })
	return f
}

func (f *follower) names() string {
	var all []string
	for _, r := range f.rows {
		all = append(all, strings.TrimSpace(r.Name+" "+r.Status))
	}
	return strings.Join(all, ", ")
}

// row gives the first row whose name begins so.
func (f *follower) row(prefix string) (Row, bool) {
	i := slices.IndexFunc(f.rows, func(r Row) bool { return strings.HasPrefix(r.Name, prefix) })
	if i < 0 {
		return Row{}, false
	}
	return f.rows[i], true
}

func (f *follower) shows(prefix, status string) func() bool {
	return func() bool {
		r, ok := f.row(prefix)
		return ok && r.Status == status
	}
}

// expand follows what stands below a row.
func (f *follower) expand(prefix string) *follower {
	f.Helper()
	f.until("a row "+prefix, func() bool { _, ok := f.row(prefix); return ok })
	r, _ := f.row(prefix)
	return f.follow(Query{Node: r.ID})
}

var (
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	crds        = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	widgets     = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}
)

func deployment(name string, replicas int) map[string]any {
	labels := map[string]any{"app": name}
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"replicas": int64(replicas), "selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{
				"terminationGracePeriodSeconds": int64(0),
				"containers":                    []any{map[string]any{"name": "main", "image": "busybox", "command": []any{"sleep", "3600"}}},
			}},
		},
	}
}

func (r *fixture) scale(namespace, name string, replicas int) {
	r.Helper()
	_, err := r.dynamic.Resource(deployments).Namespace(namespace).Patch(r.Context(), name, "application/merge-patch+json",
		fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{})
	r.must(err)
}

// From the context down to a container, and every step follows what happens.
func TestClusterTreeFollowsADeploymentDownToItsContainers(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	root := r.follow(Query{})
	top := root.expand(r.context)
	root.until("the context ready", root.shows(r.context, "ready"))
	category := top.expand("Namespaces").expand(ns).expand("Workloads")
	list := category.expand("Deployments").live()

	r.create(deployments, ns, deployment("web", 1))
	list.until("web ready", list.shows("web", "1/1"))
	sets := list.expand("web").live()
	pods := sets.expand("web-").live()
	containers := pods.expand("web-")
	containers.until("the container running", containers.shows("main", "Running"))
	if got, _ := containers.row("main"); got.Health != HealthGood || got.Object.Container != "main" || got.Times[4] == 0 {
		t.Errorf("the container's row is %+v", got)
	}

	r.scale(ns, "web", 3)
	list.until("three ready", list.shows("web", "3/3"))
	pods.until("three pods", func() bool { return pods.total == 3 })
	category.until("three pods counted", func() bool {
		k, _ := category.row("Pods")
		return k.Count != nil && *k.Count == 3 && k.Health == HealthGood
	})

	r.must(r.dynamic.Resource(deployments).Namespace(ns).Delete(r.Context(), "web", metav1.DeleteOptions{}))
	list.until("web gone", func() bool { return list.total == 0 })
	pods.until("its pods gone", func() bool { return pods.total == 0 })
	containers.until("its containers gone", func() bool { return containers.total == 0 })
}

// A broken pod is seen wherever it is rolled up to.
func TestClusterHealthRollsUp(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	namespaces := r.follow(Query{Node: join(escape(r.context), placeNamespaces)})
	namespaces.until("the namespace", namespaces.shows(ns, "Active"))
	categories := namespaces.expand(ns)
	categories.expand("Workloads").live()
	broken := deployment("broken", 1)
	broken["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["containers"] = []any{map[string]any{"name": "main", "image": "busybox", "command": []any{"false"}}}
	r.create(deployments, ns, broken)
	categories.until("the category bad", func() bool { c, _ := categories.row("Workloads"); return c.Health == HealthBad })
	namespaces.until("the namespace bad", func() bool { n, _ := namespaces.row(ns); return n.Health == HealthBad })
	r.must(r.dynamic.Resource(deployments).Namespace(ns).Delete(r.Context(), "broken", metav1.DeleteOptions{}))
	namespaces.until("the namespace good again", func() bool { n, _ := namespaces.row(ns); return n.Health == HealthGood })
}

func widgetDefinition() map[string]any {
	return map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "widgets.example.com"},
		"spec": map[string]any{
			"group": "example.com", "scope": "Namespaced", "names": map[string]any{"plural": "widgets", "singular": "widget", "kind": "Widget"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema":                   map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
				"additionalPrinterColumns": []any{map[string]any{"name": "Ready", "type": "string", "jsonPath": ".spec.ready"}, map[string]any{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}},
			}},
		},
	}
}

// A kind that appears is shown, with its printer columns; one that goes is said to have gone.
func TestClusterCustomKindComesAndGoes(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	categories := r.follow(Query{Node: NamespaceID(r.context, ns)}).live()
	r.create(crds, "", widgetDefinition())
	t.Cleanup(func() {
		_ = r.dynamic.Resource(crds).Delete(context.Background(), "widgets.example.com", metav1.DeleteOptions{}) // gone already when the test went well
	})
	custom := categories.expand("Custom resources")
	list := custom.expand("Widgets").live()
	for _, w := range []struct{ name, ready string }{{"good", "True"}, {"poor", "False"}} {
		r.create(widgets, ns, map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": w.name}, "spec": map[string]any{"ready": w.ready, "size": int64(3)}})
	}
	list.until("both widgets", func() bool { return list.total == 2 })
	if good, _ := list.row("good"); good.Health != HealthGood || !slices.Contains(good.Cells, "3") {
		t.Errorf("the good widget's row is %+v", good)
	}
	if poor, _ := list.row("poor"); poor.Health != HealthBad {
		t.Errorf("the poor widget's row is %+v", poor)
	}
	r.must(r.dynamic.Resource(crds).Delete(r.Context(), "widgets.example.com", metav1.DeleteOptions{}))
	list.until("the kind gone", func() bool {
		return list.state == StateFailed && strings.Contains(list.problem, "kindUnknown") && list.total == 0
	})
	custom.until("no widgets any more", custom.lacks("Widgets"))
}

// What a custom resource controls stands below it, whatever its kind.
func TestClusterOwnedByACustomResource(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	r.create(crds, "", widgetDefinition())
	t.Cleanup(func() {
		r.must(r.dynamic.Resource(crds).Delete(context.Background(), "widgets.example.com", metav1.DeleteOptions{}))
	})
	list := r.follow(Query{Node: KindID(r.context, ns, "widgets.example.com")})
	list.until("the kind served", func() bool { return list.state == StateLive })
	r.create(widgets, ns, map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "owner"}})
	owned := list.expand("owner")
	row, _ := list.row("owner")
	r.create(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, ns, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{
		"name":            "mine",
		"ownerReferences": []any{map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "uid": row.Object.UID, "controller": true}},
	}})
	owned.until("the ConfigMap below its owner", func() bool { m, ok := owned.row("mine"); return ok && m.Description == "ConfigMap" })
}

// The pods of a service follow its selector.
func TestClusterServiceShowsItsPods(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	r.create(deployments, ns, deployment("one", 1))
	r.create(deployments, ns, deployment("two", 1))
	services := schema.GroupVersionResource{Version: "v1", Resource: "services"}
	r.create(services, ns, map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "front"},
		"spec": map[string]any{"selector": map[string]any{"app": "one"}, "ports": []any{map[string]any{"port": int64(80)}}},
	})
	pods := r.follow(Query{Node: KindID(r.context, ns, "services")}).expand("front")
	pods.until("the first deployment's pod", func() bool { _, ok := pods.row("one-"); return ok && pods.total == 1 })
	_, err := r.dynamic.Resource(services).Namespace(ns).Patch(r.Context(), "front", "application/merge-patch+json", []byte(`{"spec":{"selector":{"app":"two"}}}`), metav1.PatchOptions{})
	r.must(err)
	pods.until("the second deployment's pod", func() bool { _, ok := pods.row("two-"); return ok && pods.total == 1 })
}

// Selectors are evaluated by the API server; name and status by the tree.
func TestClusterFilters(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	r.create(deployments, ns, deployment("alpha", 2))
	r.create(deployments, ns, deployment("beta", 1))
	for name, test := range map[string]struct {
		filter Filter
		total  int
	}{
		"labels": {Filter{Labels: "app=alpha"}, 2}, "name": {Filter{Name: "BETA"}, 1}, "status": {Filter{Status: "running"}, 3},
		"health": {Filter{Status: "good", Labels: "app in (alpha,beta)"}, 3}, "fields": {Filter{Fields: "status.phase=Running"}, 3}, "none": {Filter{Name: "gamma"}, 0},
	} {
		t.Run(name, func(*testing.T) {
			f := r.follow(Query{Node: KindID(r.context, ns, "pods"), Filter: test.filter})
			f.until(fmt.Sprintf("%d rows", test.total), func() bool { return f.state == StateLive && f.total == test.total })
		})
	}
}

// Two clusters are open at once and do not meet.
func TestClusterTwoAtOnce(t *testing.T) {
	second := kubeconfig(t, "PILOTHOUSE_TEST_KUBECONFIG_2")
	r := onCluster(t, func(c *clientcmdapi.Config) {
		for name := range second.Contexts {
			c.Contexts[name] = second.Contexts[name]
		}
		for name := range second.Clusters {
			c.Clusters[name] = second.Clusters[name]
		}
		for name := range second.AuthInfos {
			c.AuthInfos[name] = second.AuthInfos[name]
		}
	})
	ns := r.namespace()
	here := r.follow(Query{Node: KindID(r.context, "", "namespaces")}).live()
	there := r.follow(Query{Node: KindID(second.CurrentContext, "", "namespaces")}).live()
	if _, ok := here.row(ns); !ok {
		t.Errorf("the first cluster shows %s", here.names())
	}
	if _, ok := there.row(ns); ok {
		t.Errorf("the second cluster shows the first one's namespace %s", ns)
	}
}

// Every kind the server serves has kubectl's columns and cells.
func TestClusterColumnsAreKubectls(t *testing.T) {
	r := onCluster(t, nil)
	ns := r.namespace()
	r.create(deployments, ns, deployment("shown", 1))
	list := r.follow(Query{Node: KindID(r.context, ns, "pods")})
	list.until("a running pod", list.shows("shown", "Running"))
	cl, err := r.contexts.Open(r.context)
	r.must(err)
	kinds, err := cl.Kinds(r.Context())
	r.must(err)
	compared := 0
	for _, k := range kinds.All() {
		if !k.Can("list") || k.ID() == "events" || k.ID() == "events.events.k8s.io" || k.ID() == "leases.coordination.k8s.io" || k.Group == "metrics.k8s.io" {
			continue // they change between two looks
		}
		args := []string{"kubectl", "--", "get", k.Resource + "." + k.Version + "." + k.Group, "-o", "wide", "--no-headers=false"}
		if k.Group == "" {
			args[3] = k.Resource
		}
		if k.Namespaced {
			args = append(args, "--all-namespaces")
		}
		printed := strings.Split(strings.TrimSpace(r.tool(args...)), "\n")
		f := r.follow(Query{Node: KindID(r.context, "", k.ID()), Limit: -1}).live()
		if printed[0] == "" {
			if len(f.rows) != 0 {
				t.Errorf("%s: kubectl shows none, the tree %s", k.ID(), f.names())
			}
			continue
		}
		header := strings.Fields(printed[0])
		var columns []string
		for _, c := range f.view.Page().Columns {
			columns = append(columns, strings.Fields(strings.ToUpper(c.Name))...)
		}
		if k.Namespaced {
			columns = append([]string{"NAMESPACE"}, columns...)
		}
		if !slices.Equal(header, columns) {
			t.Errorf("%s: kubectl's columns are %q, the tree's %q", k.ID(), header, columns)
		}
		if len(printed)-1 != len(f.rows) {
			t.Errorf("%s: kubectl shows %d, the tree %d rows", k.ID(), len(printed)-1, len(f.rows))
			continue
		}
		for _, row := range f.rows {
			line := lineOf(printed[1:], row)
			for j, cell := range row.Cells {
				if _, counts := row.Times[j]; !counts && !strings.Contains(line, strings.TrimSpace(cell)) {
					t.Errorf("%s: kubectl's line %q lacks the cell %q", k.ID(), line, cell)
				}
			}
		}
		compared++
	}
	if compared < 20 {
		t.Errorf("only %d kinds had objects to compare", compared)
	}
}

// lineOf finds the line that kubectl prints for a row; it sorts some kinds in its own way.
func lineOf(lines []string, r Row) string {
	for _, line := range lines {
		words := strings.Fields(line)
		if r.Object.Namespace != "" {
			if words[0] != r.Object.Namespace {
				continue
			}
			words = words[1:]
		}
		if words[0] == r.Name {
			return line
		}
	}
	return ""
}
