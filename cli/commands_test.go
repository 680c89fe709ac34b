package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

func TestUnknownCommandsAndFlagsSayWhatToTry(t *testing.T) {
	f := newFixture(t)
	f.run(t, "tre").expect(t, 1, "", "error: there is no command \"tre\"\n  try: pilothouse tree\n  try: pilothouse --help\n")
	f.run(t, "get", "pods", "--selektor=x").expect(t, 1, "", "error: unknown flag: --selektor\n  try: pilothouse get --help\n")
	f.run(t, "tree", "--request-timeout", "soon").expect(t, 1, "",
		"error: invalid argument \"soon\" for \"--request-timeout\" flag: \"soon\" is no time: write 30, 10s or 1m\n  try: pilothouse tree --help\n")
}

func TestContextsShowTheClustersAndTheirStates(t *testing.T) {
	f := newFixture(t)
	f.contexts = append(f.contexts,
		cluster.Context{ID: "prod", Name: "prod", Cluster: "prod", User: "ops", Namespace: "default", File: "/elsewhere", Current: true},
		cluster.Context{ID: "torn", Name: "torn", Problem: &problem.Detail{Code: "kubeconfigInvalid", Message: "the user ops is not defined"}},
	)
	f.files = []cluster.File{{Path: "/bad", Problem: &problem.Detail{Message: "/bad, line 3: not YAML"}}}
	f.node("", tree.Page{Rows: []tree.Row{
		{ID: tree.ContextID("dev"), Status: "ready"},
		{ID: tree.ContextID("prod"), Status: "unreachable", Problem: &problem.Detail{Code: "unreachable", Message: "the API server of prod does not answer"}},
	}})
	// The star marks what kubectl would use in this shell, whatever the daemon's is.
	f.run(t, "contexts").expect(t, 0, ""+
		"CURRENT   NAME   CLUSTER   AUTHINFO   NAMESPACE   STATE\n"+
		"*         dev    dev       me         shop        ready\n"+
		"          prod   prod      ops        default     unreachable: the API server of prod does not answer\n"+
		"          torn                                    kubeconfigInvalid: the user ops is not defined\n",
		"warning: /bad, line 3: not YAML\n")
	f.run(t, "contexts", "-o", "name").expect(t, 0, "dev\nprod\ntorn\n", "")

	r := f.run(t, "contexts", "-o", "json")
	var list struct{ Contexts []cluster.Context }
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list.Contexts) != 3 {
		t.Errorf("%v in\n%s", err, r.out)
	}
}

func TestContextsAreChangedThroughTheDaemon(t *testing.T) {
	f := newFixture(t)
	for _, args := range []string{
		"contexts add more.yaml --trust", "contexts remove more.yaml",
		"contexts set-namespace cellar", "contexts retry --context dev",
	} {
		f.run(t, strings.Fields(args)...).expect(t, 0, "", "")
	}
	want := []string{"add more.yaml trusted=true", "remove more.yaml", "set namespace dev cellar", "retry dev"}
	if !slices.Equal(f.calls, want) {
		t.Errorf("called %q, want %q", f.calls, want)
	}
}

func TestContextIsThatOfThisShell(t *testing.T) {
	f := newFixture(t)
	own := f.contexts[0].File
	f.contexts = []cluster.Context{
		{ID: "dev", Name: "dev", Namespace: "other", File: "/of/the/daemon", Current: true},
		{ID: "dev (config)", Name: "dev", Namespace: "mine", File: own},
		{ID: "prod", Name: "prod", Namespace: "live", File: "/of/the/daemon"},
	}
	tests := []struct{ args, want string }{
		{"get pods", tree.KindID("dev (config)", "mine", "pods")},
		{"get pods --context dev", tree.KindID("dev (config)", "mine", "pods")},
		{"get pods --context prod", tree.KindID("prod", "live", "pods")},
		{"get pods --context prod -n x", tree.KindID("prod", "x", "pods")},
	}
	for _, test := range tests {
		f.queries = nil
		f.run(t, strings.Fields(test.args)...)
		if len(f.queries) != 1 || f.queries[0].Node != test.want {
			t.Errorf("%s asked %+v, want %s", test.args, f.queries, test.want)
		}
	}
}

func TestMissingContextIsExplained(t *testing.T) {
	f := newFixture(t)
	f.run(t, "get", "pods", "--context", "nope").expect(t, 1, "", "error: no context is called \"nope\"\n  try: pilothouse contexts\n")

	writeKubeconfig(t, os.Getenv("KUBECONFIG"), "gone")
	f.run(t, "get", "pods").expect(t, 1, "", "error: the current context \"gone\" is not defined\n  try: pilothouse contexts\n")

	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	f.run(t, "get", "pods").expect(t, 1, "", "error: kubeconfig has no current context\n  try: pilothouse contexts\n  try: --context NAME\n")

	f.contexts, f.files = nil, []cluster.File{{Path: "/bad", Problem: &problem.Detail{Message: "there is no kubeconfig file /bad"}}}
	f.run(t, "get", "pods").expect(t, 1, "",
		"error: no kubeconfig file defines a context: there is no kubeconfig file /bad\n  try: export KUBECONFIG=FILE\n  try: pilothouse contexts add FILE\n")
}

func TestDoctorFailsWhenSomethingWillNotWork(t *testing.T) {
	f := newFixture(t)
	r := f.run(t, "doctor")
	if r.code != 0 || !strings.Contains(r.out, "warning  context      dev: the API server of dev does not answer\n") ||
		!strings.Contains(r.out, "                      try: start the cluster\n") {
		t.Errorf("a cluster that does not answer: exit code %d, printed\n%s%s", r.code, r.out, r.errOut)
	}

	f.refuse = &problem.Error{Code: problem.DaemonVersion, Message: "the daemon is of another build", Suggestions: []string{"pilothouse daemon stop"}}
	f.run(t, "doctor").expect(t, 1,
		"error    daemon       the daemon is of another build\n                      try: pilothouse daemon stop\n", "")
}

func TestVersionTellsAllThree(t *testing.T) {
	f := newFixture(t)
	r := f.run(t, "version", "-o", "json")
	var v versions
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if v.Client == "" || v.Contract == 0 || v.Daemon == nil || v.Daemon.Version != v.Client || v.Daemon.PID != os.Getpid() {
		t.Errorf("got %+v", v)
	}
	if r := f.run(t, "version", "--client"); r.code != 0 || strings.Contains(r.out, "daemon") {
		t.Errorf("--client asked the daemon: %s", r.out)
	}
}

func TestCompletionOffersWhatTheDaemonKnows(t *testing.T) {
	f := newFixture(t)
	f.node(tree.KindID("dev", "", "namespaces"), tree.Page{Rows: []tree.Row{{ID: "1", Name: "shop"}, {ID: "2", Name: "cellar"}}})
	f.node(tree.KindID("dev", "shop", "pods"), podPage("web-1", "web-2", "db-1"))
	tests := map[string]string{
		"get po":                    "pods",
		"get pods,de":               "pods,deployments",
		"get pods web":              "web-1 web-2",
		"get --context ":            "dev",
		"get -n c":                  "cellar",
		"tree d":                    "dev",
		"tree dev/s":                "dev/shop",
		"tree dev/shop/d":           "dev/shop/deployments",
		"get pods --context nope w": "",
	}
	for line, want := range tests {
		t.Run(line, func(t *testing.T) {
			r := f.run(t, append([]string{"__complete"}, strings.Split(line, " ")...)...)
			offered, _, _ := strings.Cut(r.out, ":")
			if got := strings.Join(strings.Fields(offered), " "); got != want {
				t.Errorf("offered %q, want %q", got, want)
			}
		})
	}
}

func TestInterruptedCommandSaysSoByItsExitCode(t *testing.T) {
	f := newFixture(t)
	f.node(tree.KindID("dev", "shop", "pods"), tree.Page{State: tree.StateLoading})
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan result, 1)
	go func() { ended <- f.runUntil(ctx, "get", "pods") }()
	f.awaitView(t, tree.KindID("dev", "shop", "pods"))
	interrupt()
	(<-ended).expect(t, 130, "", "")
}

func TestKubeconfigFlagWorksWithoutDaemon(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	writeKubeconfig(t, file, "")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "other"))
	var out, errOut lockedBuffer
	code := Run(t.Context(), []string{"contexts", "--kubeconfig", file}, Streams{Out: &out, ErrOut: &errOut})
	result{code, out.String(), errOut.String()}.expect(t, 0, "", "No kubeconfig file defines a context\n")
}
