package cluster

import "pilothouse/explorer/problem"

// Context is one context of a kubeconfig file.
type Context struct {
	// ID names the context in Pilothouse: its name, or "name (file)" where an
	// added file repeats the name of another.
	ID string `json:"id"`
	// Name is the name the file gives it.
	Name string `json:"name"`
	// Cluster and User are the names of the entries the context refers to.
	Cluster string `json:"cluster,omitempty"`
	User    string `json:"user,omitempty"`
	// Namespace is the working namespace: as set in Pilothouse, else as the file
	// says, else "default".
	Namespace string `json:"namespace"`
	// Server is the URL of the API server, without credentials.
	Server string `json:"server,omitempty"`
	// File is the path of the file that defines the context.
	File string `json:"file"`
	// Current marks kubeconfig's current-context. It is shown, never followed.
	Current bool `json:"current,omitempty"`
	// Problem tells why the context cannot be used; nil when nothing is known
	// to be wrong.
	Problem *problem.Detail `json:"problem,omitempty"`
}

// File is one kubeconfig file that Pilothouse reads.
type File struct {
	// Path is absolute.
	Path string `json:"path"`
	// Added tells that the user added the file to those of KUBECONFIG.
	Added bool `json:"added,omitempty"`
	// Trusted tells that credential plugins of the file may be run.
	Trusted bool `json:"trusted"`
	// Problem tells why the file cannot be read, with the line where that is known.
	Problem *problem.Detail `json:"problem,omitempty"`
}
