package tree

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pod is what the rows of its containers need of a v1 Pod.
type pod struct {
	Metadata struct {
		Name            string `json:"name"`
		Namespace       string `json:"namespace"`
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Spec struct {
		InitContainers      []container `json:"initContainers"`
		Containers          []container `json:"containers"`
		EphemeralContainers []container `json:"ephemeralContainers"`
	} `json:"spec"`
	Status struct {
		InitContainerStatuses      []containerStatus `json:"initContainerStatuses"`
		ContainerStatuses          []containerStatus `json:"containerStatuses"`
		EphemeralContainerStatuses []containerStatus `json:"ephemeralContainerStatuses"`
	} `json:"status"`
	Items []pod `json:"items"` // of a list
}

type container struct {
	Name          string `json:"name"`
	Image         string `json:"image"`
	RestartPolicy string `json:"restartPolicy"`
}

type containerStatus struct {
	Name         string `json:"name"`
	Ready        bool   `json:"ready"`
	RestartCount int    `json:"restartCount"`
	State        struct {
		Waiting *struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"waiting"`
		Running *struct {
			StartedAt time.Time `json:"startedAt"`
		} `json:"running"`
		Terminated *struct {
			ExitCode   int       `json:"exitCode"`
			Reason     string    `json:"reason"`
			Message    string    `json:"message"`
			FinishedAt time.Time `json:"finishedAt"`
		} `json:"terminated"`
	} `json:"state"`
}

func containerColumns() []definition {
	return []definition{{Name: "Name"}, {Name: "Ready"}, {Name: "State"}, {Name: "Restarts", Type: "integer"}, {Name: "Age"}, {Name: "Image", Priority: 1}}
}

// containerEvents reads the one pod that a feed follows and keeps its containers' rows.
type containerEvents struct {
	feed    *feed
	context string
	json    *json.Decoder
	pod     pod
}

// containerReader makes the reader of a feed that follows one pod. The whole pod is read:
// the printed row does not tell its containers.
func containerReader(context string) func(*feed, io.Reader) eventReader {
	return func(f *feed, body io.Reader) eventReader {
		f.setTable(newTable("containers", containerColumns()))
		return &containerEvents{feed: f, context: context, json: json.NewDecoder(body)}
	}
}

func (e *containerEvents) event() (eventType, error) {
	var event struct {
		Type   eventType       `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	if err := e.json.Decode(&event); err != nil {
		return "", err
	}
	if event.Type == eventError {
		var s metav1.Status
		if err := json.Unmarshal(event.Object, &s); err != nil {
			return event.Type, fmt.Errorf("reading the status of an error event: %w", err)
		}
		return event.Type, &apierrors.StatusError{ErrStatus: s}
	}
	e.pod = pod{}
	if err := json.Unmarshal(event.Object, &e.pod); err != nil {
		return event.Type, fmt.Errorf("reading a pod: %w", err)
	}
	switch event.Type {
	case eventAdded, eventModified:
		e.show(&e.pod)
	case eventDeleted:
		e.feed.replace(nil)
	}
	return event.Type, nil
}

func (e *containerEvents) page(more func(token string)) error {
	e.pod = pod{}
	err := e.json.Decode(&e.pod)
	if token := e.pod.Metadata.Continue; err == nil && token != "" {
		more(token)
	}
	return err
}

// complete shows the pod that the list holds, if it is there.
func (e *containerEvents) complete() {
	if len(e.pod.Items) == 0 {
		e.feed.replace(nil)
		return
	}
	e.show(&e.pod.Items[0])
}

func (e *containerEvents) position() string { return e.pod.Metadata.ResourceVersion }

// show puts the containers' rows, init containers first, as they run.
func (e *containerEvents) show(p *pod) {
	parent := objectID{kind: "pods", namespace: p.Metadata.Namespace, name: p.Metadata.Name}
	var rows []Row
	add := func(containers []container, statuses []containerStatus, role func(container) string) {
		for _, c := range containers {
			status := containerStatus{Name: c.Name}
			for _, s := range statuses {
				if s.Name == c.Name {
					status = s
				}
			}
			rows = append(rows, containerRow(c, status, role(c)))
		}
	}
	add(p.Spec.InitContainers, p.Status.InitContainerStatuses, func(c container) string {
		if c.RestartPolicy == "Always" { // KEP-753
			return "sidecar"
		}
		return "init"
	})
	add(p.Spec.Containers, p.Status.ContainerStatuses, func(container) string { return "" })
	add(p.Spec.EphemeralContainers, p.Status.EphemeralContainerStatuses, func(container) string { return "ephemeral" })
	for i := range rows {
		rows[i].Object = &ObjectRef{
			Context: e.context, Version: "v1", Resource: "pods", Kind: "Pod", Namespace: parent.namespace,
			Name: parent.name, UID: p.Metadata.UID, Container: rows[i].Name,
		}
		rows[i].ID = objectID{kind: "container", name: rows[i].Name}.segment() // below the view's node, see render
	}
	e.feed.replace(rows)
}

func containerRow(c container, s containerStatus, role string) Row {
	state, detail, since, health := containerState(s, role)
	r := Row{
		Type: NodeContainer, Name: c.Name, Description: role, Detail: detail, Status: state, Health: healths[health],
		Cells: []string{c.Name, strconv.FormatBool(s.Ready), state, strconv.Itoa(s.RestartCount), "", c.Image},
	}
	if !since.IsZero() {
		r.Cells[4], r.Times = timeMark, map[int]int64{4: since.Unix()}
	}
	return r
}

func containerState(s containerStatus, role string) (state, detail string, since time.Time, health healthRank) {
	switch {
	case s.State.Running != nil:
		health = rankGood
		if !s.Ready && role == "" {
			health = rankWarning
		}
		return "Running", "", s.State.Running.StartedAt, health
	case s.State.Waiting != nil:
		health = rankBad
		switch s.State.Waiting.Reason {
		case "", "ContainerCreating", "PodInitializing":
			health = rankProgress
		}
		return orElse(s.State.Waiting.Reason, "Waiting"), s.State.Waiting.Message, time.Time{}, health
	case s.State.Terminated != nil:
		health = rankGood
		if s.State.Terminated.ExitCode != 0 {
			health = rankBad
			detail = fmt.Sprintf("exit code %d. ", s.State.Terminated.ExitCode)
		}
		return orElse(s.State.Terminated.Reason, "Terminated"), detail + s.State.Terminated.Message, s.State.Terminated.FinishedAt, health
	}
	return "Waiting", "", time.Time{}, rankProgress
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
