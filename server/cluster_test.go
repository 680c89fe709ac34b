//go:build cluster

package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"pilothouse/explorer/tree"
	"pilothouse/server/wire"
)

// patience is how long a test waits for what must happen.
const patience = 90 * time.Second

// atCluster gives the options of a client whose daemon sees the test cluster, the
// cluster's context and a client of its API server.
func atCluster(t *testing.T) (o ConnectOptions, kubeContext string, api kubernetes.Interface) {
	t.Helper()
	file := os.Getenv("PILOTHOUSE_TEST_KUBECONFIG")
	if file == "" {
		t.Fatal("PILOTHOUSE_TEST_KUBECONFIG names no cluster: run the tests by `make test`, which starts one")
	}
	o = home(t)
	t.Setenv("KUBECONFIG", file)
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(client.Transport) })
	api, err = kubernetes.NewForConfigAndClient(settings, client)
	if err != nil {
		t.Fatal(err)
	}
	return o, config.CurrentContext, api
}

// treeEditor is a client that keeps a view's rows as docs/clients.md tells it to.
type treeEditor struct {
	*Client

	changes chan tree.Change
	page    tree.Page
}

// open opens a view of a node's children.
func open(ctx context.Context, t *testing.T, o ConnectOptions, node string) *treeEditor {
	t.Helper()
	e := &treeEditor{Client: connect(t, o), changes: make(chan tree.Change, 100)}
	On(e.Client, wire.ExplorerChanged, func(c tree.Change) { e.changes <- c })
	var err error
	if e.page, err = Ask(ctx, e.Client, wire.ExplorerChildren, tree.Query{Node: node}); err != nil {
		t.Fatal(err)
	}
	return e
}

// await applies changes until a row of that name is there, or is not.
func (e *treeEditor) await(ctx context.Context, t *testing.T, name string, there bool) {
	t.Helper()
	for e.row(name) >= 0 != there {
		select {
		case c := <-e.changes:
			if c.Seq != e.page.Seq+1 {
				t.Fatalf("change %d follows %d", c.Seq, e.page.Seq)
			}
			e.apply(c)
		case <-ctx.Done():
			t.Fatalf("the row %s never came to be there=%v: %+v", name, there, e.page)
		}
	}
}

func (e *treeEditor) apply(c tree.Change) {
	if c.Reset != nil {
		e.page = *c.Reset
	}
	for _, op := range c.Ops {
		e.page.Rows = slices.DeleteFunc(e.page.Rows, func(r tree.Row) bool { return r.ID == op.ID })
		if op.Row != nil {
			e.page.Rows = slices.Insert(e.page.Rows, op.Index, *op.Row)
		}
	}
	e.page.Seq, e.page.State = c.Seq, c.State
}

func (e *treeEditor) row(name string) int {
	return slices.IndexFunc(e.page.Rows, func(r tree.Row) bool { return r.Name == name })
}

func TestClusterChangesReachEveryEditorOfTheDaemon(t *testing.T) {
	o, kubeContext, api := atCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	root := open(ctx, t, o, "")
	root.await(ctx, t, kubeContext, true)
	below := root.page.Rows[root.row(kubeContext)].ID
	folders := open(ctx, t, o, below)
	folders.await(ctx, t, "Namespaces", true)
	node := folders.page.Rows[folders.row("Namespaces")].ID

	editors := []*treeEditor{open(ctx, t, o, node), open(ctx, t, o, node)}
	made, err := api.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "pilothouse-server-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range editors {
		e.await(ctx, t, made.Name, true)
	}
	if err := api.CoreV1().Namespaces().Delete(ctx, made.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, e := range editors {
		e.await(ctx, t, made.Name, false)
	}
	if info, err := Ask(ctx, root.Client, wire.DaemonInfo, wire.None{}); err != nil || len(info.Sessions) != 4 {
		t.Errorf("one daemon serves %+v, %v", info.Sessions, err)
	}
}

func TestClusterDoctorFindsTheClusterWell(t *testing.T) {
	o, kubeContext, _ := atCluster(t)
	report, err := Ask(t.Context(), connect(t, o), wire.DaemonDoctor, wire.None{})
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for _, f := range report.Findings {
		if f.Level != wire.LevelOK {
			t.Errorf("%s: %s (%+v)", f.Check, f.Message, f.Problem)
		}
		found = found || f.Check == "context" && strings.Contains(f.Message, kubeContext+" answers: Kubernetes v1.")
	}
	if !found {
		t.Errorf("the cluster is not among the findings: %+v", report.Findings)
	}
}
