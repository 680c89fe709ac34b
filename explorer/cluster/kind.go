package cluster

import (
	"slices"
	"strings"
)

// Kind is one kind of object that an API server serves, in the version the
// server prefers.
type Kind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	// Resource is the plural in paths, for example "deployments".
	Resource string `json:"resource"`
	// Kind is the type's name, for example "Deployment".
	Kind       string   `json:"kind"`
	Singular   string   `json:"singular,omitempty"`
	ShortNames []string `json:"shortNames,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Namespaced bool     `json:"namespaced"`
	Verbs      []string `json:"verbs"`
	// Custom tells that a CustomResourceDefinition or an aggregated API server
	// brought the kind, not Kubernetes itself.
	Custom bool `json:"custom,omitempty"`
}

// ID names the kind within its cluster whatever the version: "deployments.apps", "pods".
func (k Kind) ID() string {
	if k.Group == "" {
		return k.Resource
	}
	return k.Resource + "." + k.Group
}

// Can tells whether the server offers the verb for the kind (not whether this user may use it).
func (k Kind) Can(verb string) bool {
	return slices.Contains(k.Verbs, verb)
}

// Path is the URL path of the kind's collection; namespace "" means all of them.
func (k Kind) Path(namespace string) string {
	var b strings.Builder
	if k.Group == "" {
		b.WriteString("/api/")
	} else {
		b.WriteString("/apis/" + k.Group + "/")
	}
	b.WriteString(k.Version)
	if k.Namespaced && namespace != "" {
		b.WriteString("/namespaces/" + namespace)
	}
	b.WriteString("/" + k.Resource)
	return b.String()
}
