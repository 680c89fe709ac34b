package tree

import "pilothouse/explorer/problem"

// NodeType tells what a row stands for.
type NodeType string

// The node types, from the root down.
const (
	NodeContext   NodeType = "context"   // a kubeconfig context
	NodeFolder    NodeType = "folder"    // an overview, a group of kinds, "Namespaces", ...
	NodeNamespace NodeType = "namespace" // a namespace with its kinds below it
	NodeKind      NodeType = "kind"      // a kind with its objects below it
	NodeObject    NodeType = "object"    // an object with what it owns below it
	NodeContainer NodeType = "container" // a container of a pod
	NodeMessage   NodeType = "message"   // a sentence where rows would stand: why something is missing
)

// Health is the state of what a row stands for, rolled up from what is known
// to be below it.
type Health string

// The healths, from nothing to say to worst. A rolled-up health is the worst below.
const (
	HealthUnknown  Health = ""         // nothing is known or nothing can be wrong
	HealthGood     Health = "good"     // as it should be
	HealthProgress Health = "progress" // on its way: starting, rolling out, terminating
	HealthWarning  Health = "warning"  // works, but somebody should look
	HealthBad      Health = "bad"      // broken
)

// Query asks for the children of one node.
type Query struct {
	// Node is the id of the row to expand; "" is the root, whose rows are the contexts.
	Node string `json:"node"`
	// Limit bounds the rows held in the view's window; 0 means 500, negative all.
	Limit  int    `json:"limit,omitempty"`
	Filter Filter `json:"filter,omitzero"`
	Sort   Sort   `json:"sort,omitzero"`
}

// Filter narrows a view. All parts must match.
type Filter struct {
	// Name is a part of the name, in any case.
	Name string `json:"name,omitempty"`
	// Labels is a label selector in kubectl's syntax; the API server evaluates it.
	Labels string `json:"labels,omitempty"`
	// Fields is a field selector in kubectl's syntax; the API server evaluates it.
	Fields string `json:"fields,omitempty"`
	// Status is a part of the status cell, in any case, or a health.
	Status string `json:"status,omitempty"`
}

// Sort orders a view by a column; without one rows stand as the API server lists
// them, by namespace and name.
type Sort struct {
	Column     string `json:"column,omitempty"`
	Descending bool   `json:"descending,omitempty"`
}

// Column is one printer column, as kubectl shows it.
type Column struct {
	Name string `json:"name"`
	// Type is "string", "number" or "time"; cells of a time column stand in Row.Times.
	Type string `json:"type"`
	// Wide columns are shown by kubectl only with -o wide.
	Wide        bool   `json:"wide,omitempty"`
	Description string `json:"description,omitempty"`
}

// ObjectRef names an object in a cluster.
type ObjectRef struct {
	Context   string `json:"context"`
	Group     string `json:"group,omitempty"`
	Version   string `json:"version"`
	Resource  string `json:"resource"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	UID       string `json:"uid,omitempty"`
	// Container is set on a container's row.
	Container string `json:"container,omitempty"`
}

// Row is one row of the tree.
type Row struct {
	// ID names the row in the whole tree and stays the same across restarts of
	// daemon and editor. It is opaque: to expand the row, send it back.
	ID   string   `json:"id"`
	Type NodeType `json:"type"`
	// Name is what the row is called.
	Name string `json:"name"`
	// Description is a short addition that editors show dimmed beside the name.
	Description string `json:"description,omitempty"`
	// Detail is a sentence or a few lines for a tooltip.
	Detail string `json:"detail,omitempty"`
	// Object is set when the row stands for an object or a container.
	Object *ObjectRef `json:"object,omitempty"`
	// Kind is set when the row stands for a kind: its id, for example "deployments.apps".
	Kind string `json:"kind,omitempty"`
	// Cells are the printer columns' values, in the order of Page.Columns.
	Cells []string `json:"cells,omitempty"`
	// Times gives, for a cell by its index, the moment in Unix seconds that the cell
	// counts from. Show the human duration since then where "{}" stands in the cell.
	Times map[int]int64 `json:"times,omitempty"`
	// Status is the word the health was read from, for example "CrashLoopBackOff".
	Status string `json:"status,omitempty"`
	Health Health `json:"health,omitempty"`
	// Count is how many rows stand below, where that is known.
	Count *int `json:"count,omitempty"`
	// Expandable tells that the row may have children.
	Expandable bool `json:"expandable,omitempty"`
	// Problem tells what is wrong with a context or why a message stands here.
	Problem *problem.Detail `json:"problem,omitempty"`
}

// State is how far a view can be believed.
type State string

// The states of a view. A view that is not live still shows the last rows it knew.
const (
	StateLoading      State = "loading"      // rows are still arriving
	StateLive         State = "live"         // complete, and changes follow
	StateReconnecting State = "reconnecting" // the stream broke and is being resumed; see Page.Problem
	StateFailed       State = "failed"       // it cannot be listed, and why; tried again from time to time
)

// Page is the whole of a view: the answer to a query, and to a resync.
type Page struct {
	// View is the id of the subscription, to be closed by the client.
	View string `json:"view"`
	// Seq is the number of this page; the first change carries Seq+1.
	Seq     uint64   `json:"seq"`
	Columns []Column `json:"columns,omitempty"`
	Rows    []Row    `json:"rows"`
	// Total counts the rows that match the filter; more of them may exist than stand in Rows.
	Total   int             `json:"total"`
	State   State           `json:"state"`
	Problem *problem.Detail `json:"problem,omitempty"`
}

// Change is what happened in a view since the page or change before it.
type Change struct {
	View string `json:"view"`
	// Seq is one more than the last. A client that sees a gap asks for a resync.
	Seq uint64 `json:"seq"`
	// Reset, when set, replaces the whole window: Ops is empty then.
	Reset *Page `json:"reset,omitempty"`
	// Ops are applied in order to the rows of the window.
	Ops     []Op            `json:"ops,omitempty"`
	Total   int             `json:"total"`
	State   State           `json:"state"`
	Problem *problem.Detail `json:"problem,omitempty"`
}

// Op is one step of a change: take the row with this ID out of the window if it
// is there; then, if Row is set, put it at Index.
type Op struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
	Row   *Row   `json:"row,omitempty"`
}
