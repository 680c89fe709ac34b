package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pilothouse/explorer/problem"
)

// coreDiscovery and groupDiscovery are aggregated discovery as an API server
// answers it, cut down: two groups with events, a group with two versions, a
// group from a CustomResourceDefinition, and one whose server is dead.
const coreDiscovery = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
 {"versions":[{"version":"v1","freshness":"Current","resources":[
  {"resource":"pods","responseKind":{"version":"v1","kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"],"categories":["all"],"verbs":["get","list","watch"],
   "subresources":[{"subresource":"log","responseKind":{"version":"v1","kind":"Pod"},"verbs":["get"]}]},
  {"resource":"events","responseKind":{"version":"v1","kind":"Event"},"scope":"Namespaced","singularResource":"event","shortNames":["ev"],"verbs":["get","list","watch"]},
  {"resource":"services","responseKind":{"version":"v1","kind":"Service"},"scope":"Namespaced","singularResource":"service","shortNames":["svc"],"categories":["all"],"verbs":["list"]},
  {"resource":"nodes","responseKind":{"version":"v1","kind":"Node"},"scope":"Cluster","singularResource":"node","shortNames":["no"],"verbs":["list"]}]}]}]}`

const groupDiscovery = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
 {"metadata":{"name":"events.k8s.io"},"versions":[{"version":"v1","freshness":"Current","resources":[
  {"resource":"events","responseKind":{"group":"events.k8s.io","version":"v1","kind":"Event"},"scope":"Namespaced","singularResource":"event","shortNames":["ev"],"verbs":["list"]}]}]},
 {"metadata":{"name":"autoscaling"},"versions":[
  {"version":"v2","freshness":"Current","resources":[
   {"resource":"horizontalpodautoscalers","responseKind":{"group":"autoscaling","version":"v2","kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","singularResource":"horizontalpodautoscaler","shortNames":["hpa"],"categories":["all"],"verbs":["list"]}]},
  {"version":"v1","freshness":"Current","resources":[
   {"resource":"horizontalpodautoscalers","responseKind":{"group":"autoscaling","version":"v1","kind":"HorizontalPodAutoscaler"},"scope":"Namespaced","singularResource":"horizontalpodautoscaler","shortNames":["hpa"],"categories":["all"],"verbs":["list"]}]}]},
 {"metadata":{"name":"serving.knative.dev"},"versions":[{"version":"v1","freshness":"Current","resources":[
  {"resource":"services","responseKind":{"group":"serving.knative.dev","version":"v1","kind":"Service"},"scope":"Namespaced","singularResource":"service","shortNames":["kservice"],"verbs":["list"]}%s]}]},
 {"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale","resources":[]}]}]}`

const routes = `,{"resource":"routes","responseKind":{"group":"serving.knative.dev","version":"v1","kind":"Route"},"scope":"Namespaced","singularResource":"route","verbs":["list"]}`

// discoveryHandler answers discovery; more tells what else is in the custom group.
func discoveryHandler(more func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
		switch r.URL.Path {
		case "/api":
			io.WriteString(w, coreDiscovery)
		case "/apis":
			fmt.Fprintf(w, groupDiscovery, more())
		case "/version":
			answerVersion(w)
		default:
			refuse(403, "Forbidden", "forbidden", `"kind":"x"`)(w, r)
		}
	}
}

func nothing() string { return "" }

func TestKindsAreFoundAsKubectlFindsThem(t *testing.T) {
	server := newAPIServer(t, discoveryHandler(nothing))
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	kinds, err := cluster.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pods":                                 "v1 pods",
		"po":                                   "v1 pods",
		"pod":                                  "v1 pods",
		"Pod":                                  "v1 pods",
		"PODS":                                 "v1 pods",
		"events":                               "v1 events",
		"ev":                                   "v1 events",
		"events.events.k8s.io":                 "v1 events.events.k8s.io",
		"ev.events":                            "v1 events.events.k8s.io",
		"services":                             "v1 services",
		"service":                              "v1 services",
		"ksvc":                                 "",
		"kservice":                             "v1 services.serving.knative.dev",
		"services.serving.knative.dev":         "v1 services.serving.knative.dev",
		"services.v1.serving.knative.dev":      "v1 services.serving.knative.dev",
		"svc.serving":                          "",
		"hpa":                                  "v2 horizontalpodautoscalers.autoscaling",
		"HorizontalPodAutoscaler.autoscaling":  "v2 horizontalpodautoscalers.autoscaling",
		"horizontalpodautoscalers.autoscaling": "v2 horizontalpodautoscalers.autoscaling",
		"hpa.v1.autoscaling":                   "v1 horizontalpodautoscalers.autoscaling",
		"pods.v1.":                             "v1 pods",
		"pods.v2.":                             "",
		"widgets":                              "",
		"pods/log":                             "",
		"":                                     "",
	} {
		kind, found := kinds.Find(name)
		got := ""
		if found {
			got = kind.Version + " " + kind.ID()
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", name, got, want)
		}
	}
}

func TestNamesCoverCategories(t *testing.T) {
	server := newAPIServer(t, discoveryHandler(nothing))
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	kinds, err := cluster.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"po":      "pods",
		"all":     "pods services horizontalpodautoscalers.autoscaling",
		"ALL":     "pods services horizontalpodautoscalers.autoscaling",
		"nothing": "",
	} {
		var got []string
		for _, kind := range kinds.Named(name) {
			got = append(got, kind.ID())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q names %q, want %q", name, got, want)
		}
	}
}

func TestGroupIsPreferredToOneThatBeginsAlike(t *testing.T) {
	kinds := newKinds([]Kind{
		{Group: "apps.example.com", Version: "v1", Resource: "deployments"},
		{Group: "apps", Version: "v1", Resource: "deployments"},
	}, nil)
	for name, want := range map[string]string{"deployments.apps": "apps", "deployments.app": "apps.example.com", "deployments": "apps.example.com"} {
		if kind, _ := kinds.Find(name); kind.Group != want {
			t.Errorf("%q finds the group %q, want %q", name, kind.Group, want)
		}
	}
}

func TestKindsTellWhatIsServedAndWhatIsMissing(t *testing.T) {
	server := newAPIServer(t, discoveryHandler(nothing))
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	kinds, err := cluster.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range kinds.All() {
		got = append(got, fmt.Sprintf("%s %s custom=%t namespaced=%t", k.ID(), k.Version, k.Custom, k.Namespaced))
		if again, found := kinds.ByID(k.ID()); !found || again.Path("x") != k.Path("x") {
			t.Errorf("ByID(%q) gives %+v", k.ID(), again)
		}
	}
	want := `events v1 custom=false namespaced=true
events.events.k8s.io v1 custom=false namespaced=true
horizontalpodautoscalers.autoscaling v2 custom=false namespaced=true
nodes v1 custom=false namespaced=false
pods v1 custom=false namespaced=true
services v1 custom=false namespaced=true
services.serving.knative.dev v1 custom=true namespaced=true`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if _, found := kinds.ByID("widgets"); found {
		t.Error("ByID finds a kind that is not served")
	}
	problems := kinds.Problems()
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "the kinds of metrics.k8s.io/v1beta1 are missing") {
		t.Errorf("the problems are %+v", problems)
	}
}

func TestKindsOfAnOldServerAreAskedForGroupByGroup(t *testing.T) {
	server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
		answer, served := map[string]string{
			"/api": `{"kind":"APIVersions","versions":["v1"]}`,
			"/apis": `{"kind":"APIGroupList","groups":[
				{"name":"batch","versions":[{"groupVersion":"batch/v1beta1","version":"v1beta1"},{"groupVersion":"batch/v1","version":"v1"}],
				 "preferredVersion":{"groupVersion":"batch/v1","version":"v1"}},
				{"name":"metrics.k8s.io","versions":[{"groupVersion":"metrics.k8s.io/v1","version":"v1"}],
				 "preferredVersion":{"groupVersion":"metrics.k8s.io/v1","version":"v1"}}]}`,
			"/api/v1":             `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","kind":"Pod"},{"name":"pods/log","kind":"Pod"}]}`,
			"/apis/batch/v1":      `{"kind":"APIResourceList","groupVersion":"batch/v1","resources":[{"name":"cronjobs","kind":"CronJob"}]}`,
			"/apis/batch/v1beta1": `{"kind":"APIResourceList","groupVersion":"batch/v1beta1","resources":[{"name":"cronjobs","kind":"CronJob"}]}`,
		}[r.URL.Path]
		if !served {
			refuse(500, "InternalError", "the extension is dead", "")(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answer)
	})
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	kinds, err := cluster.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if all := kinds.All(); len(all) != 2 || all[0].ID() != "cronjobs.batch" || all[0].Version != "v1" || all[1].ID() != "pods" {
		t.Errorf("the kinds are %+v", all)
	}
	if problems := kinds.Problems(); len(problems) != 1 || !strings.Contains(problems[0].Message, "metrics.k8s.io/v1") {
		t.Errorf("the problems are %+v", problems)
	}
}

func TestKindsAreAskedForOnce(t *testing.T) {
	server := newAPIServer(t, discoveryHandler(nothing))
	_, cluster, _ := open(t, server.kubeconfig("", ""))
	for range 3 {
		if _, err := cluster.Kinds(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := server.count(); got != 2 {
		t.Errorf("the server saw %d requests, want /api and /apis once", got)
	}
}

func TestKindsOfADeadClusterAreAnError(t *testing.T) {
	_, cluster, _ := open(t, kubeconfigFor("https://127.0.0.1:1", "", ""))
	_, err := cluster.Kinds(t.Context())
	problemOf(t, err, problem.Unreachable)
	if got := cluster.Status().State; got != StateUnreachable {
		t.Errorf("the cluster is %s", got)
	}
}

func TestKindsAreFreshWhileTheClusterIsHeld(t *testing.T) {
	var more atomic.Value
	more.Store("")
	discover := discoveryHandler(func() string { return more.Load().(string) })
	changes := make(chan string)
	server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.Contains(r.URL.Path, "/v1/"):
			discover(w, r)
		case r.URL.Query().Get("watch") == "":
			io.WriteString(w, `{"metadata":{"resourceVersion":"7"}}`)
		case r.URL.Query().Get("resourceVersion") != "7":
			http.Error(w, "watch from "+r.URL.RawQuery, http.StatusBadRequest)
		case strings.Contains(r.URL.Path, "/apiservices"):
			refuse(403, "Forbidden", "forbidden", `"kind":"x"`)(w, r)
		default:
			for w.(http.Flusher).Flush(); r.Context().Err() == nil; w.(http.Flusher).Flush() {
				select {
				case line := <-changes:
					io.WriteString(w, line+"\n")
				case <-r.Context().Done():
				}
			}
		}
	})
	_, cluster, _ := open(t, server.kubeconfig("", ""), func(_ *Options, timing *timing) { timing.kindsRefresh = time.Hour })
	release := cluster.Hold()
	hasRoutes := func() bool {
		kinds, err := cluster.Kinds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, found := kinds.ByID("routes.serving.knative.dev")
		return found
	}
	if hasRoutes() {
		t.Fatal("the kind is there before it was defined")
	}
	more.Store(routes)
	changes <- `{"type":"ADDED"}`
	await(t, cluster, "the new kind is served", hasRoutes)
	more.Store("")
	changes <- `{"type":"DELETED"}`
	await(t, cluster, "the deleted kind is gone", func() bool { return !hasRoutes() })

	release()
	release() // a second time does nothing
	if cluster.holders != 0 {
		t.Errorf("%d still hold the cluster", cluster.holders)
	}
}

func TestRulesTellWhatMayBeDone(t *testing.T) {
	pods := Kind{Version: "v1", Resource: "pods", Namespaced: true}
	deployments := Kind{Group: "apps", Version: "v1", Resource: "deployments", Namespaced: true}
	nodes := Kind{Version: "v1", Resource: "nodes"}
	const readPods = `{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}`
	const onePod = `{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":["web"]}`
	const everything = `{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}`
	for _, test := range []struct {
		name, rules    string
		incomplete     bool
		namespace      string
		verb           string
		kind           Kind
		allowed, known bool
	}{
		{"granted", readPods, false, "shop", "list", pods, true, true},
		{"another verb", readPods, false, "shop", "delete", pods, false, true},
		{"another group", readPods, false, "shop", "list", deployments, false, true},
		{"everything", everything, false, "shop", "delete", deployments, true, true},
		{"one object only", onePod, false, "shop", "get", pods, false, true},
		{"incomplete, granted", readPods, true, "shop", "list", pods, true, true},
		{"incomplete, not granted", readPods, true, "shop", "delete", pods, false, false},
		{"perhaps only in the namespace asked about", readPods, false, "", "list", pods, true, false},
		{"nowhere", readPods, false, "", "delete", pods, false, true},
		{"perhaps not for what has no namespace", everything, false, "shop", "list", nodes, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked struct{ Spec struct{ Namespace string } }
			server := newAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
				if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
					t.Error(err)
				}
				w.WriteHeader(http.StatusCreated)
				fmt.Fprintf(w, `{"status":{"incomplete":%t,"resourceRules":[%s]}}`, test.incomplete, test.rules)
			})
			_, cluster, _ := open(t, server.kubeconfig("", ""))
			for range 2 {
				rules, err := cluster.Allowed(t.Context(), test.namespace)
				if err != nil {
					t.Fatal(err)
				}
				allowed, known := rules.May(test.verb, test.kind)
				if allowed != test.allowed || known != test.known {
					t.Errorf("got allowed %t, known %t; want %t, %t", allowed, known, test.allowed, test.known)
				}
			}
			if asked.Spec.Namespace != "shop" {
				t.Errorf("it asked about %q", asked.Spec.Namespace)
			}
			if got := server.count(); got != 1 {
				t.Errorf("it asked %d times within a minute", got)
			}
		})
	}
}
