// Package tree is the live tree of clusters: contexts, their nodes and
// namespaces, every kind the API server serves, its objects, what those own,
// down to containers.
//
// A datum's way: the API server prints an object as a table row and streams it
// (feed.go, decode.go); it becomes a compact row of some 300 bytes (row.go) in a
// list that all who look share (list.go); each view keeps its own order, filter
// and window over that list (view.go) and hands out changes when its reader asks
// for them, so that a slow reader costs nothing and a fast one is told at once.
// What is not shown is neither listed nor watched: a feed starts with the first
// view of it and ends a grace period after the last (branch.go).
//
// Rows that come from no API stand in the same lists: contexts (contexts.go), the
// folders below a context (folders.go), kinds with counts and rolled-up health
// (kinds.go), containers (containers.go), relations between objects (owned.go).
package tree
