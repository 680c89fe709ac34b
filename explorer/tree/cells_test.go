package tree

import (
	"testing"
	"time"

	"pilothouse/explorer/cluster"

	"k8s.io/apimachinery/pkg/util/duration"
)

func TestDurationsAreReadBackWithinTheirRounding(t *testing.T) {
	for _, d := range []time.Duration{
		0, time.Second, 119 * time.Second, 2 * time.Minute, 9*time.Minute + 59*time.Second, 12 * time.Minute, 170 * time.Minute,
		7*time.Hour + 33*time.Minute, 30 * time.Hour, 100 * time.Hour, 400 * 24 * time.Hour, 3000 * 24 * time.Hour, 9000 * 24 * time.Hour,
	} {
		told := duration.HumanDuration(d)
		read, rounding, ok := parseHuman(told)
		if !ok || read > d || d-read >= rounding && d != read {
			t.Errorf("%v is told as %q and read as %v (rounding %v, %v)", d, told, read, rounding, ok)
		}
	}
}

func TestCellsThatCountUntilNowAreMarked(t *testing.T) {
	tests := []struct {
		cell, marked string
		since        time.Duration
		ok           bool
	}{
		{"5m", "{}", 5 * time.Minute, true},
		{"3 (2m10s ago)", "3 ({} ago)", 130 * time.Second, true},
		{"0", "", 0, false},
		{"<unknown>", "", 0, false},
		{"m5", "", 0, false},
		{"5m3h", "", 0, false},
		{"3 (x ago)", "", 0, false},
		{"", "", 0, false},
	}
	for _, test := range tests {
		marked, since, _, ok := countdown(test.cell)
		if ok != test.ok || ok && (marked != test.marked || since != test.since) {
			t.Errorf("%q gives %q %v %v, want %q %v %v", test.cell, marked, since, ok, test.marked, test.since, test.ok)
		}
	}
}

func TestHealthIsReadFromWhatKubectlShows(t *testing.T) {
	columns := map[string][]Column{
		"pods":             {{Name: "Name"}, {Name: "Ready"}, {Name: "Status"}},
		"deployments.apps": {{Name: "Name"}, {Name: "Ready"}, {Name: "Up-to-date"}, {Name: "Available"}},
		"replicasets.apps": {{Name: "Name"}, {Name: "Desired"}, {Name: "Current"}, {Name: "Ready"}},
		"nodes":            {{Name: "Name"}, {Name: "Status"}},
		"jobs.batch":       {{Name: "Name"}, {Name: "Status"}, {Name: "Completions"}},
		"widgets.example":  {{Name: "Name"}, {Name: "Ready"}},
		"gadgets.example":  {{Name: "Name"}, {Name: "Phase"}},
		"buckets.example":  {{Name: "SYNCED"}, {Name: "READY"}},
		"configmaps":       {{Name: "Name"}, {Name: "Data"}},
		"services":         {{Name: "Name"}, {Name: "Type"}, {Name: "Cluster-IP"}, {Name: "External-IP"}},
	}
	tests := []struct {
		kind  string
		cells []string
		want  Health
	}{
		{"pods", []string{"a", "1/1", "Running"}, HealthGood},
		{"pods", []string{"a", "0/1", "Running"}, HealthWarning},
		{"pods", []string{"a", "0/1", "Completed"}, HealthGood},
		{"pods", []string{"a", "0/1", "Init:0/2"}, HealthProgress},
		{"pods", []string{"a", "0/1", "Init:CrashLoopBackOff"}, HealthBad},
		{"pods", []string{"a", "0/1", "Init:ExitCode:1"}, HealthBad},
		{"pods", []string{"a", "0/1", "ContainerCreating"}, HealthProgress},
		{"pods", []string{"a", "0/1", "ImagePullBackOff"}, HealthBad},
		{"pods", []string{"a", "0/1", "Evicted"}, HealthBad},
		{"deployments.apps", []string{"a", "3/3", "3", "3"}, HealthGood},
		{"deployments.apps", []string{"a", "3/3", "1", "3"}, HealthProgress},
		{"deployments.apps", []string{"a", "2/3", "3", "2"}, HealthWarning},
		{"deployments.apps", []string{"a", "0/0", "0", "0"}, HealthGood},
		{"replicasets.apps", []string{"a", "3", "3", "2"}, HealthWarning},
		{"replicasets.apps", []string{"a", "0", "0", "0"}, HealthGood},
		{"nodes", []string{"a", "Ready"}, HealthGood},
		{"nodes", []string{"a", "Ready,SchedulingDisabled"}, HealthWarning},
		{"nodes", []string{"a", "NotReady"}, HealthBad},
		{"jobs.batch", []string{"a", "Failed", "0/1"}, HealthBad},
		{"jobs.batch", []string{"a", "Complete", "1/1"}, HealthGood},
		{"widgets.example", []string{"a", "True"}, HealthGood},
		{"widgets.example", []string{"a", "False"}, HealthBad},
		{"widgets.example", []string{"a", "true"}, HealthGood},
		{"widgets.example", []string{"a", "3"}, HealthUnknown},
		{"widgets.example", []string{"a", "2/3"}, HealthWarning},
		{"buckets.example", []string{"True", "False"}, HealthBad},
		{"gadgets.example", []string{"a", "Provisioning"}, HealthProgress},
		{"gadgets.example", []string{"a", "Failed"}, HealthBad},
		{"configmaps", []string{"a", "3"}, HealthUnknown},
		{"services", []string{"a", "LoadBalancer", "10.0.0.1", "<pending>"}, HealthProgress},
	}
	for _, test := range tests {
		judge := newJudge(test.kind, columns[test.kind])
		if got := healths[judge.read(test.cells, cellAt(test.cells, judge.status))]; got != test.want {
			t.Errorf("%s %v is %q, want %q", test.kind, test.cells, got, test.want)
		}
	}
}

func TestIDsGoThereAndBack(t *testing.T) {
	names := []string{"plain", "with/slash", "with:colon", "with space", "arn:aws:eks:eu-west-1:1:cluster/prod", "ünïcode", "%2F"}
	for _, context := range names {
		for _, name := range names {
			id := join(KindID(context, "default", "widgets.example.com"), objectID{"widgets.example.com", "default", name}.segment())
			n, err := parseID(id)
			if err != nil {
				t.Errorf("%q: %v", id, err)
				continue
			}
			if n.context != context || n.namespace != "default" || n.kind != "widgets.example.com" || len(n.objects) != 1 || n.objects[0].name != name {
				t.Errorf("%q was read as %+v", id, n)
			}
		}
	}
}

func TestKindsAreCalledByTheirPlural(t *testing.T) {
	for _, test := range []struct{ kind, resource, want string }{
		{"Pod", "pods", "Pods"},
		{"NetworkPolicy", "networkpolicies", "NetworkPolicies"},
		{"Ingress", "ingresses", "Ingresses"},
		{"Endpoints", "endpoints", "Endpoints"},
		{"PodMetrics", "pods", "PodMetrics"},
		{"", "things", "things"},
	} {
		if got := plural(cluster.Kind{Kind: test.kind, Resource: test.resource}); got != test.want {
			t.Errorf("%s (%s) is called %q, want %q", test.kind, test.resource, got, test.want)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("a/namespaces/b/-/pods/pods:b:c")
	f.Add("a/nodes/nodes::n/pods:x:y/container::z")
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, id string) {
		n, err := parseID(id)
		if err == nil && n.text != id {
			t.Fatalf("%q became %q", id, n.text)
		}
	})
}
