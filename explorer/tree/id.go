package tree

import (
	"fmt"
	"net/url"
	"strings"

	"pilothouse/explorer/problem"
)

// Places directly below a context.
const (
	placeOverview   = "overview"
	placeNodes      = "nodes"
	placeNamespaces = "namespaces"
	placeAll        = "all"     // namespaced kinds, over all namespaces
	placeCluster    = "cluster" // cluster-scoped kinds
)

// anyCategory stands for a kind's category in ids that are built, not read off a row.
const anyCategory = "-"

// nodeID is a row's id taken apart. Ids are paths of escaped segments:
//
//	CONTEXT
//	CONTEXT/overview
//	CONTEXT/nodes[/OBJECT...]
//	CONTEXT/namespaces[/NAMESPACE[/CATEGORY[/KIND[/OBJECT...]]]]
//	CONTEXT/all[/CATEGORY[/KIND[/OBJECT...]]]
//	CONTEXT/cluster[/CATEGORY[/KIND[/OBJECT...]]]
//
// where OBJECT is KIND:NAMESPACE:NAME. They carry all that is needed to expand
// the node again after a restart.
type nodeID struct {
	text      string
	context   string
	place     string
	namespace string
	category  string
	kind      string
	objects   []objectID
}

type objectID struct{ kind, namespace, name string }

// ContextID is the id of a context's row.
func ContextID(context string) string { return escape(context) }

// NamespaceID is the id of a namespace's row.
func NamespaceID(context, namespace string) string {
	return join(escape(context), placeNamespaces, escape(namespace))
}

// KindID is the id of a kind's row: of the kind's objects in one namespace, or,
// with namespace "", of all namespaces or of a cluster-scoped kind.
// Kind is the kind's id, for example "deployments.apps".
func KindID(context, namespace, kind string) string {
	if namespace == "" {
		return join(escape(context), placeAll, anyCategory, escape(kind))
	}
	return join(NamespaceID(context, namespace), anyCategory, escape(kind))
}

func escape(s string) string { return url.QueryEscape(s) }

func join(parts ...string) string { return strings.Join(parts, "/") }

func (o objectID) segment() string {
	return escape(o.kind) + ":" + escape(o.namespace) + ":" + escape(o.name)
}

// parseID takes an id apart; the error is a *problem.Error InvalidQuery.
func parseID(text string) (nodeID, error) {
	n := nodeID{text: text}
	if text == "" {
		return n, nil
	}
	segments := strings.Split(text, "/")
	next := func() (string, bool) {
		if len(segments) == 0 {
			return "", false
		}
		s := segments[0]
		segments = segments[1:]
		return s, true
	}
	var err error
	read := func(into *string) bool {
		s, ok := next()
		if !ok {
			return false
		}
		if *into, err = url.QueryUnescape(s); err == nil && *into == "" {
			err = fmt.Errorf("an empty part")
		}
		return err == nil
	}
	if read(&n.context) && read(&n.place) {
		switch n.place {
		case placeOverview:
		case placeNodes:
			n.kind = "nodes"
		case placeNamespaces:
			_ = read(&n.namespace) && read(&n.category) && read(&n.kind)
		case placeAll, placeCluster:
			_ = read(&n.category) && read(&n.kind)
		default:
			err = fmt.Errorf("nothing is called %q below a context", n.place)
		}
	}
	for err == nil && len(segments) > 0 {
		s, _ := next()
		var o objectID
		if o, err = parseObject(s); err == nil {
			n.objects = append(n.objects, o)
		}
	}
	if err == nil && len(n.objects) > 0 && n.kind == "" {
		err = fmt.Errorf("an object without a kind")
	}
	if err != nil {
		return n, &problem.Error{Code: problem.InvalidQuery, Message: fmt.Sprintf("%q is not the id of a node", text), Err: err}
	}
	return n, nil
}

func parseObject(segment string) (objectID, error) {
	parts := strings.Split(segment, ":")
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return objectID{}, fmt.Errorf("%q is not KIND:NAMESPACE:NAME", segment)
	}
	for i := range parts {
		s, err := url.QueryUnescape(parts[i])
		if err != nil {
			return objectID{}, err
		}
		parts[i] = s
	}
	return objectID{parts[0], parts[1], parts[2]}, nil
}

// within is the namespace that whoever looks at the node's children knows them to be in.
func (n nodeID) within() string {
	if len(n.objects) > 0 {
		return n.objects[len(n.objects)-1].namespace
	}
	return n.namespace
}

// parent is the id of the node that shows this one as a row; "" is the root.
func (n nodeID) parent() string {
	i := strings.LastIndexByte(n.text, '/')
	if i < 0 {
		return ""
	}
	return n.text[:i]
}
