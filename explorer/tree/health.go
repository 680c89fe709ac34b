package tree

import (
	"slices"
	"strconv"
	"strings"
)

// healthRank orders healths so that the worst is the greatest.
type healthRank uint8

var healths = [...]Health{HealthUnknown, HealthGood, HealthProgress, HealthWarning, HealthBad}

const (
	rankUnknown healthRank = iota
	rankGood
	rankProgress
	rankWarning
	rankBad
)

func rankOf(h Health) healthRank { return healthRank(max(0, slices.Index(healths[:], h))) }

// judge reads a row's health from its printed cells: all that a person reads it from
// is there, for every kind, at a tenth of the object's size.
type judge struct {
	// status is the column shown as the row's status, -1 for none.
	status int
	read   func(cells []string, status string) healthRank
}

// newJudge chooses how a kind is judged: built-in kinds by what their columns mean,
// all others by the columns that custom resources commonly print.
func newJudge(kind string, columns []Column) judge {
	j := chooseJudge(kind, columns)
	if j.status < 0 {
		j.read = func([]string, string) healthRank { return rankUnknown }
	}
	return j
}

func chooseJudge(kind string, columns []Column) judge {
	at := func(names ...string) int { // the first name that there is
		for _, name := range names {
			if i := slices.IndexFunc(columns, func(c Column) bool { return strings.EqualFold(c.Name, name) }); i >= 0 {
				return i
			}
		}
		return -1
	}
	switch kind {
	case "pods":
		ready := at("Ready")
		return judge{at("Status"), func(cells []string, status string) healthRank {
			return podHealth(status, cellAt(cells, ready))
		}}
	case "deployments.apps", "statefulsets.apps":
		updated := at("Up-to-date")
		return judge{at("Ready"), func(cells []string, ready string) healthRank {
			return replicaHealth(ready, cellAt(cells, updated))
		}}
	case "replicasets.apps", "daemonsets.apps", "replicationcontrollers":
		desired, ready, updated := at("Desired"), at("Ready"), at("Up-to-date")
		return judge{ready, func(cells []string, have string) healthRank {
			return replicaHealth(have+"/"+cellAt(cells, desired), cellAt(cells, updated))
		}}
	case "jobs.batch":
		if at("Status") < 0 { // before Kubernetes 1.31
			return judge{at("Completions"), func(_ []string, done string) healthRank {
				return min(replicaHealth(done, "0"), rankProgress)
			}}
		}
	case "nodes":
		return judge{at("Status"), func(_ []string, status string) healthRank {
			switch {
			case status == "Ready":
				return rankGood
			case strings.HasPrefix(status, "Ready,"): // cordoned
				return rankWarning
			}
			return rankBad
		}}
	case "services":
		return judge{at("External-IP"), func(_ []string, ip string) healthRank {
			if ip == "<pending>" {
				return rankProgress
			}
			return rankUnknown
		}}
	case "horizontalpodautoscalers.autoscaling":
		return judge{at("Targets"), func(_ []string, targets string) healthRank {
			if strings.Contains(targets, "<unknown>") {
				return rankWarning
			}
			return rankGood
		}}
	case "events", "events.events.k8s.io":
		return judge{at("Type"), func(_ []string, kind string) healthRank {
			if kind == "Warning" {
				return rankWarning
			}
			return rankUnknown
		}}
	case "apiservices.apiregistration.k8s.io":
		return judge{at("Available"), func(_ []string, status string) healthRank { return conditionHealth(status) }}
	}
	if i := at("Ready", "Available", "Healthy", "Established", "Synced", "Succeeded", "Valid"); i >= 0 {
		return judge{i, func(_ []string, status string) healthRank { return conditionHealth(status) }}
	}
	if i := at("Status", "Phase", "State", "Condition"); i >= 0 {
		return judge{i, func(_ []string, status string) healthRank { return wordHealth(status) }}
	}
	return judge{status: -1}
}

func cellAt(cells []string, i int) string {
	if i < 0 || i >= len(cells) {
		return ""
	}
	return cells[i]
}

// podHealth reads the Status column that printPod writes: a phase, a reason, or
// "Init:..." while init containers run. What is not known to be fine is a failure.
func podHealth(status, ready string) healthRank {
	switch status {
	case "Running":
		if have, want, ok := strings.Cut(ready, "/"); ok && have == want {
			return rankGood
		}
		return rankWarning
	case "Completed", "Succeeded":
		return rankGood
	case "Pending", "ContainerCreating", "PodInitializing", "Terminating", "SchedulingGated":
		return rankProgress
	case "NotReady": // running, some containers have completed
		return rankWarning
	}
	if step, ok := strings.CutPrefix(status, "Init:"); ok {
		if have, _, counts := strings.Cut(step, "/"); counts {
			if _, err := strconv.Atoi(have); err == nil {
				return rankProgress
			}
		}
	}
	return rankBad
}

// replicaHealth judges "ready/desired"; updated, where the kind prints it, tells a rollout.
func replicaHealth(ready, updated string) healthRank {
	have, want, ok := strings.Cut(ready, "/")
	if !ok {
		return rankUnknown
	}
	desired, err := strconv.Atoi(want)
	if err != nil {
		return rankUnknown
	}
	if n, err := strconv.Atoi(updated); err == nil && n < desired {
		return rankProgress
	}
	if n, err := strconv.Atoi(have); err == nil && n < desired {
		return rankWarning
	}
	return rankGood
}

// conditionHealth judges the status of a condition that is good when true, or, as some
// kinds print it, how many of how many are.
func conditionHealth(status string) healthRank {
	status = strings.ToLower(status)
	switch {
	case status == "true":
		return rankGood
	case strings.HasPrefix(status, "false"): // "False (MissingEndpoints)"
		return rankBad
	case status == "unknown":
		return rankProgress
	}
	return replicaHealth(status, "")
}

// statusWords are the words that kinds use for their phase or status.
var statusWords = map[string]healthRank{
	"ready": rankGood, "running": rankGood, "active": rankGood, "bound": rankGood, "available": rankGood, "healthy": rankGood,
	"succeeded": rankGood, "complete": rankGood, "completed": rankGood, "ok": rankGood, "synced": rankGood, "established": rankGood,
	"accepted": rankGood, "online": rankGood, "deployed": rankGood, "approved,issued": rankGood, "successcriteriamet": rankGood,
	"pending": rankProgress, "creating": rankProgress, "provisioning": rankProgress, "progressing": rankProgress,
	"updating": rankProgress, "deleting": rankProgress, "terminating": rankProgress, "waiting": rankProgress,
	"initializing": rankProgress, "reconciling": rankProgress, "starting": rankProgress, "approved": rankProgress,
	"released": rankWarning, "suspended": rankWarning, "warning": rankWarning, "outofsync": rankWarning, "failuretarget": rankWarning,
	"failed": rankBad, "error": rankBad, "degraded": rankBad, "invalid": rankBad, "lost": rankBad, "unhealthy": rankBad,
	"rejected": rankBad, "denied": rankBad, "crashed": rankBad, "missing": rankBad,
}

// wordHealth judges a phase or status word; a running Job is on its way, which no
// word tells apart from a running server, and is called good.
func wordHealth(status string) healthRank { return statusWords[strings.ToLower(status)] }
