package cluster

import (
	"errors"
	"reflect"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"pilothouse/explorer/problem"
)

// State tells whether a cluster can be worked with.
type State string

// The states of a cluster.
const (
	StateIdle         State = "idle"         // nothing was asked of it yet
	StateConnecting   State = "connecting"   // the first answer is awaited
	StateReady        State = "ready"        // the API server answers
	StateUnreachable  State = "unreachable"  // the API server does not answer; tried again while the cluster is held
	StateUnauthorized State = "unauthorized" // the API server does not accept the credentials, or there are none
	StateInvalid      State = "invalid"      // the kubeconfig does not say how to connect, or may not be used
	StateGone         State = "gone"         // no kubeconfig file defines the context any more
)

// Status is the state of a cluster with its cause.
type Status struct {
	State State `json:"state"`
	// Problem is the cause of every state but idle, connecting and ready.
	Problem *problem.Detail `json:"problem,omitempty"`
	// Version is the API server's gitVersion, for example "v1.36.3"; "" until a
	// cluster that is held has told it.
	Version string `json:"version,omitempty"`
	// Since is when the state was entered.
	Since time.Time `json:"since"`
}

// stateAfter gives the state that the outcome of a request shows. Only what is
// known for certain counts: known is false for an answer that is no Status of
// Kubernetes, since a gateway before the API server may have given it.
func stateAfter(outcome *problem.Error) (state State, known bool) {
	if outcome == nil {
		return StateReady, true
	}
	switch outcome.Code {
	case problem.Unreachable, problem.CertificateUntrusted:
		return StateUnreachable, true
	case problem.Unauthorized, problem.CredentialPlugin:
		return StateUnauthorized, true
	case problem.KubeconfigInvalid, problem.Untrusted:
		return StateInvalid, true
	case problem.Forbidden, problem.NotFound, problem.KindUnknown, problem.Rejected, problem.Overloaded:
		return StateReady, !apierrors.IsUnexpectedServerError(outcome)
	}
	return "", false
}

// observe lets the outcome of something begun at a time, over a wire, tell the status.
func (c *Cluster) observe(over *wire, began time.Time, outcome error) {
	failure, ok := errors.AsType[*problem.Error](outcome)
	if outcome != nil && !ok {
		c.relax()
		return
	}
	state, known := stateAfter(failure)
	c.mu.Lock()
	// What went over an old wire, or failed although a later request succeeded,
	// tells nothing of now.
	if over != c.wire || failure != nil && began.Before(c.answered) || !known {
		c.mu.Unlock()
		return
	}
	if failure == nil && began.After(c.answered) {
		c.answered = began
	}
	lost := c.status.State == StateReady && state != StateReady
	changed := c.enter(state, failure)
	if lost {
		c.keeper.signal()
	}
	c.mu.Unlock()
	if changed {
		c.listeners.call()
	}
}

// relax leaves the state connecting when the only request was given up.
func (c *Cluster) relax() {
	c.mu.Lock()
	changed := false
	if c.status.State == StateConnecting && c.holders == 0 {
		changed = c.enter(StateIdle, nil)
	}
	c.mu.Unlock()
	if changed {
		c.listeners.call()
	}
}

// enter sets the status and tells whether it is another. mu is held.
func (c *Cluster) enter(state State, cause *problem.Error) (changed bool) {
	next := Status{State: state, Version: c.status.Version, Since: c.status.Since}
	if state != StateReady && state != StateIdle && state != StateConnecting {
		next.Problem = cause.Detail()
	}
	if next.State != c.status.State {
		next.Since = time.Now()
	}
	if reflect.DeepEqual(next, c.status) {
		return false
	}
	c.status = next
	return true
}
