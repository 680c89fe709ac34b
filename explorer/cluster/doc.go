// Package cluster knows the clusters a person works with.
//
// Contexts reads every context of every kubeconfig file and follows the files as
// they change. Open gives the one Cluster of a context: a client that is pinned
// to that context whatever "current-context" says, that tells whether the API
// server answers and why not, which kinds it serves and what the user may do.
// A cluster that is down costs nobody else anything.
package cluster
