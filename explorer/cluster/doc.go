// Package cluster knows the clusters a person works with.
//
// Contexts reads every context of every kubeconfig file (kubeconfig.go), puts
// them together as kubectl does (resolve.go), refuses what cannot or must not be
// used (check.go) and follows the files as they change (filewatch.go).
//
// Open gives the one Cluster of a context, pinned to it whatever
// "current-context" says. Its client (client.go) is built when something is first
// asked, with what a credential plugin answers if the context has one
// (credential.go); its connections (wire.go) are cut when the kubeconfig changes.
// Every outcome tells the status (status.go), in sentences for people
// (failure.go). While somebody holds the Cluster, a keeper (keeper.go) probes it
// and keeps the kinds it serves (discovery.go, kinds.go) fresh. What the user may
// do is in rules.go.
//
// A cluster that is down costs nobody else anything: every call has a deadline,
// and no lock is held while something is awaited.
package cluster
