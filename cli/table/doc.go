// Package table prints rows of the tree as kubectl prints them: the same
// columns, the same widths, the same human durations, so that a script or a
// person used to `kubectl get` finds what they know.
//
// [Layout] turns a row into cells, [Writer] puts cells into columns.
package table
