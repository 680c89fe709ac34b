package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const podDefinitions = `[{"name":"Name","type":"string","format":"name","description":"","priority":0},{"name":"Ready","type":"string","priority":0},
{"name":"Status","type":"string","priority":0},{"name":"Restarts","type":"string","priority":0},{"name":"Age","type":"string","priority":0},{"name":"IP","type":"string","priority":1}]`

const podEvents = `{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"258"},"columnDefinitions":` + podDefinitions + `,
"rows":[{"cells":["web-1","1/1","Running","3 (5m ago)","6m2s","10.0.0.2"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",
"metadata":{"name":"web-1","namespace":"default","uid":"a6e9f47f-d385-45f6-8e9d-6bde4fb28c45","resourceVersion":"258","creationTimestamp":"2026-01-02T03:04:05Z",
"annotations":{"note":"k8s.io/initial-events-end"},"managedFields":[{"manager":"x","fieldsV1":{"f:a":{}}}],
"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n"},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"u","controller":true}]}}}]}}
{"type":"MODIFIED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"259"},"columnDefinitions":null,
"rows":[{"cells":["web-1","0/1","CrashLoopBackOff",4,"6m3s",null],"object":{"metadata":{"name":"web-1","namespace":"default","uid":"a6e9f47f-d385-45f6-8e9d-6bde4fb28c45",
"creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T04:04:05Z"}}}]}}
{"type":"BOOKMARK","object":{"kind":"Table","metadata":{"resourceVersion":"479"},"columnDefinitions":null,"rows":[{"cells":["","0/0","","0","<unknown>","<none>"],
"object":{"metadata":{"resourceVersion":"479","annotations":{"k8s.io/initial-events-end":"true"}}}}]}}
{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version: 1 (5)","reason":"Expired","code":410}}
`

type decoded struct {
	Event       eventType
	Name, Owner string
	Cells       []string
	Status      string
	Health      Health
	Created     int64
	Times       map[int]int64
	Version     string
	Gone        bool
}

func decodeAll(t *testing.T, text string) []decoded {
	t.Helper()
	var all []decoded
	d := newTableDecoder(strings.NewReader(text), "pods")
	d.now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	d.onTable = func(*table) {}
	var last *row
	d.onRow = func(r *row) { last = r }
	for {
		last = nil
		kind, err := d.event()
		if errors.Is(err, io.EOF) {
			return all
		}
		if kind == eventError {
			return append(all, decoded{Event: kind, Gone: apierrors.IsResourceExpired(err)})
		}
		if err != nil {
			t.Fatalf("event %d: %v", len(all), err)
		}
		one := decoded{Event: kind}
		one.Version = d.position()
		if last != nil {
			one.Name, one.Owner, one.Cells, one.Status = last.name(), ownerText(last), last.cells(), last.statusText()
			one.Health, one.Created = healths[last.health], last.created
			for _, at := range last.times {
				if one.Times == nil {
					one.Times = map[int]int64{}
				}
				one.Times[int(at.cell)] = at.unix
			}
		}
		all = append(all, one)
	}
}

func ownerText(r *row) string { return text(r.owner) }

func TestEventsOfPrintedTablesBecomeRows(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Unix()
	want := []decoded{
		{
			Event: eventAdded, Name: "web-1", Owner: "ReplicaSet.apps:web", Cells: []string{"web-1", "1/1", "Running", "3 ({} ago)", "{}", "10.0.0.2"},
			Status: "Running", Health: HealthGood, Created: created, Times: map[int]int64{3: 1_800_000_000 - 300}, Version: "258",
		},
		{
			Event: eventModified, Name: "web-1", Cells: []string{"web-1", "0/1", "CrashLoopBackOff", "4", "{}", ""},
			Status: "CrashLoopBackOff", Health: HealthBad, Created: created, Version: "259",
		},
		{Event: eventBookmark, Version: "479"},
		{Event: eventError, Gone: true},
	}
	if diff := cmp.Diff(want, decodeAll(t, podEvents)); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

func TestObjectsOfAServerThatPrintsNothingBecomeRows(t *testing.T) {
	text := `{"type":"ADDED","object":{"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"web","namespace":"default","creationTimestamp":"2026-01-02T03:04:05Z","resourceVersion":"7"},"usage":{}}}`
	want := []decoded{{Event: eventAdded, Name: "web", Cells: []string{"web", "{}"}, Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Unix(), Version: "7"}}
	if diff := cmp.Diff(want, decodeAll(t, text)); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

// What counts from a moment that nobody tells has no moment.
func TestAgeOfAnObjectWithoutCreationIsUnknown(t *testing.T) {
	got := decodeAll(t, `{"type":"ADDED","object":{"kind":"NodeMetrics","metadata":{"name":"n","creationTimestamp":null}}}`)
	if diff := cmp.Diff([]string{"n", "<unknown>"}, got[0].Cells); diff != "" {
		t.Error(diff)
	}
}

// What is being deleted says so; a pod says more in its own status.
func TestObjectsBeingDeletedAreTerminating(t *testing.T) {
	d := newTableDecoder(strings.NewReader(`{"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"Status"}],
		"rows":[{"cells":["a","Bound"],"object":{"metadata":{"name":"a","deletionTimestamp":"2026-01-02T03:04:05Z"}}}]}`), "persistentvolumeclaims")
	d.onTable = func(*table) {}
	var got *row
	d.onRow = func(r *row) { got = r }
	if err := d.printed(true); err != nil {
		t.Fatal(err)
	}
	if got.statusText() != "Terminating" || healths[got.health] != HealthProgress {
		t.Errorf("status %q, health %q", got.statusText(), healths[got.health])
	}
}

func TestListsBecomeRows(t *testing.T) {
	d := newTableDecoder(strings.NewReader(`{"kind":"Table","metadata":{"resourceVersion":"90","continue":"more"},"columnDefinitions":`+podDefinitions+`,
		"rows":[{"cells":["a","1/1","Running","0","5s","-"],"object":{"metadata":{"name":"a","resourceVersion":"12"}}},{"cells":["b","1/1","Running","0","5s","-"],"object":{"metadata":{"name":"b","resourceVersion":"13"}}}]}`), "pods")
	var names []string
	d.onTable = func(*table) {}
	d.onRow = func(r *row) { names = append(names, r.name()) }
	var more string
	d.onContinue = func(token string) {
		if more = token; len(names) > 0 {
			t.Error("the next page could have been asked for before the rows")
		}
	}
	if err := d.printed(true); err != nil {
		t.Fatal(err)
	}
	version := d.position()
	if diff := cmp.Diff([]string{"a", "b", "90", "more"}, append(names, version, more)); diff != "" {
		t.Error(diff)
	}
}

// Whatever bytes a server sends, decoding ends, with rows that can be read.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(podEvents))
	f.Add([]byte(`{"type":"ADDED","object":[1,2]}`))
	f.Add([]byte(`{"type":"ADDED","object":{"kind":"Table","columnDefinitions":[{"name":"Age","type":"date"}],"rows":[{"cells":["1y2d3h4m5s","\u0000",{"a":[]}]}]}}`))
	f.Add([]byte(`{"object":{"metadata":{"ownerReferences":[{"name":"\ud800"}]}},"type":"MODIFIED"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := newTableDecoder(bytes.NewReader(data), "pods")
		d.onTable = func(*table) {}
		d.onRow = func(r *row) {
			cells := r.cells()
			for i, c := range cells {
				if got := r.cell(i); got != c {
					t.Fatalf("cell %d is %q, among all %q", i, got, c)
				}
			}
			for _, at := range r.times {
				if !strings.Contains(r.cell(int(at.cell)), timeMark) {
					t.Fatalf("the time of cell %d has no place in %q", at.cell, r.cell(int(at.cell)))
				}
			}
			_, _ = r.name(), r.statusText()
		}
		for {
			if _, err := d.event(); err != nil {
				return
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	one := strings.ReplaceAll(strings.SplitAfter(podEvents, "\n{\"type\":\"MODIFIED\"")[0], "\n{\"type\":\"MODIFIED\"", "")
	body := one + strings.Repeat(strings.Replace(one, podDefinitions, "null", 1), 999)
	b.SetBytes(int64(len(body) / 1000))
	b.ReportAllocs()
	for b.Loop() {
		d := newTableDecoder(strings.NewReader(body), "pods")
		d.onTable = func(*table) {}
		n := 0
		d.onRow = func(*row) { n++ }
		for {
			if _, err := d.event(); err != nil {
				break
			}
		}
		if n != 1000 {
			b.Fatalf("%d rows", n)
		}
	}
}

// BenchmarkRowMemory tells what a row costs in a list that a view shows whole.
func BenchmarkRowMemory(b *testing.B) {
	const rows = 10_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		l := newList(nil, "pods")
		d := newTableDecoder(strings.NewReader(page("1", "")), "pods")
		d.onTable = func(t *table) { l.setTable(t) }
		d.onRow = l.put
		if err := d.printed(true); err != nil {
			b.Fatal(err)
		}
		node, _ := parseID(KindID("c", "", "pods"))
		v := newView(New(b.Context(), nil, nil), "1", Query{}, node, l, all, func() {})
		for i := range rows {
			uid := uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%d", i)).String()
			one := fmt.Sprintf(`{"rows":[{"cells":["web-7c5ddbdf54-%05d","1/1","Running","0","5d2h","10.244.%d.%d"],"object":{"metadata":{"name":"web-7c5ddbdf54-%05d","namespace":"load-%d","uid":%q,
				"creationTimestamp":"2026-01-02T03:04:05Z","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-%d","controller":true}]}}}],"kind":"Table"}`, i, i/250, i%250, i, i%10, uid, i/10)
			d.json.Reset(strings.NewReader(one))
			if err := d.printed(true); err != nil {
				b.Fatal(err)
			}
		}
		v.Page()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/rows, "B/row")
		v.Close()
		runtime.KeepAlive(l)
	}
}
