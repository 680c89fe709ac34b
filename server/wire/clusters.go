package wire

import "pilothouse/explorer/cluster"

// Methods for kubeconfig files and their contexts.
const (
	// ClustersList gives every context of every kubeconfig file. From then on
	// ClustersChanged tells the session when to ask again.
	ClustersList Call[None, ClusterList] = "pilothouse/clusters/list"
	// ClustersAddFile reads one more kubeconfig file and remembers it. A file that
	// is added again takes the new trust.
	ClustersAddFile Call[AddFileParams, None] = "pilothouse/clusters/addFile"
	// ClustersRemoveFile forgets a file that was added.
	ClustersRemoveFile Call[FileParams, None] = "pilothouse/clusters/removeFile"
	// ClustersSetNamespace sets the working namespace of a context in Pilothouse;
	// the kubeconfig file stays as it is.
	ClustersSetNamespace Call[SetNamespaceParams, None] = "pilothouse/clusters/setNamespace"
	// ClustersRetry tries at once what waits for its next attempt to reach a cluster.
	ClustersRetry Call[ContextParams, None] = "pilothouse/clusters/retry"
	// ClustersKinds gives the kinds that an API server serves, all or those that
	// people call by some names. A name that nothing is called by is kindUnknown.
	ClustersKinds Call[KindsParams, KindList] = "pilothouse/clusters/kinds"

	// ClustersChanged tells that ClustersList would answer something else now.
	ClustersChanged Notification[None] = "pilothouse/clusters/changed"
)

// ClusterList is what is known of kubeconfig.
type ClusterList struct {
	Contexts []cluster.Context `json:"contexts"`
	Files    []cluster.File    `json:"files"`
}

// AddFileParams name a kubeconfig file to read.
type AddFileParams struct {
	// Path is absolute.
	Path string `json:"path"`
	// Trusted allows the credential plugins that the file names to be run.
	Trusted bool `json:"trusted,omitempty"`
}

// FileParams name a kubeconfig file.
type FileParams struct {
	// Path is absolute.
	Path string `json:"path"`
}

// ContextParams name a context.
type ContextParams struct {
	// Context is the context's id.
	Context string `json:"context"`
}

// KindsParams name kinds of a context's cluster.
type KindsParams struct {
	// Context is the context's id.
	Context string `json:"context"`
	// Names are what people call kinds, as kubectl takes them: plural, singular, short
	// name or kind, with the group where it matters, or a category such as "all".
	// None means every kind.
	Names []string `json:"names,omitempty"`
}

// KindList is kinds in the order of the names that were asked for, each once.
type KindList struct {
	Kinds []cluster.Kind `json:"kinds"`
}

// SetNamespaceParams choose the working namespace of a context.
type SetNamespaceParams struct {
	// Context is the context's id.
	Context string `json:"context"`
	// Namespace is the namespace; "" goes back to what the kubeconfig file says.
	Namespace string `json:"namespace"`
}
