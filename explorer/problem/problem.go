// Package problem is how a failure is told: a stable code, one sentence for a
// person, what was tried, the cause as the cluster or the machine tells it, and
// what to do next. Every feature returns *Error where a person will read the
// failure; the server sends it as a JSON-RPC error, the command line prints it.
package problem

import (
	"errors"
	"strings"
)

// Error is a failure that a person will read. It wraps its cause.
type Error struct {
	// Code never changes its meaning between releases; see codes.go.
	Code Code
	// Message is one sentence without a final stop: what is wrong, not how we noticed.
	Message string
	// Tried is what was being done, for example "GET https://10.0.0.1:6443/version".
	// It never holds credentials.
	Tried string
	// Suggestions are next steps, most promising first.
	Suggestions []string
	// Err is the cause as it came.
	Err error
}

// Error gives the message and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	if cause := e.Err.Error(); !strings.Contains(e.Message, cause) {
		return e.Message + ": " + cause
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Detail is the form in which an Error crosses the wire, as the data of a
// JSON-RPC error and wherever a row or a status carries its own problem.
type Detail struct {
	// Code is the stable name of the failure, for example "unreachable".
	Code string `json:"code"`
	// Message is one sentence for a person.
	Message string `json:"message"`
	// Cause is the failure as the cluster or the machine told it.
	Cause string `json:"cause,omitempty"`
	// Tried is what was being done.
	Tried string `json:"tried,omitempty"`
	// Suggestions are next steps, most promising first.
	Suggestions []string `json:"suggestions,omitempty"`
}

// Of gives err as an *Error: itself when it wraps one, else an Internal one.
// It answers nil for nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Message: err.Error(), Err: err}
}

// Detail gives the wire form of e; nil for nil.
func (e *Error) Detail() *Detail {
	if e == nil {
		return nil
	}
	d := &Detail{Code: e.Code.Name(), Message: e.Message, Tried: e.Tried, Suggestions: e.Suggestions}
	if e.Err != nil {
		d.Cause = e.Err.Error()
	}
	return d
}
