package cluster

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"pilothouse/explorer/problem"
)

// Kinds are the kinds an API server serves, as an unchanging snapshot. It is safe
// for concurrent use; what it gives is not to be changed.
type Kinds struct {
	all      []Kind // in the version the server prefers, sorted by ID
	ranked   []Kind // the same in the server's order of groups, which decides between equal names
	versions []Kind // every kind in every version
	problems []problem.Detail
}

// newKinds makes a snapshot of every kind in every version, groups in the
// server's order and a group's versions with the preferred one first.
func newKinds(versions []Kind, problems []problem.Detail) *Kinds {
	k := &Kinds{versions: versions, problems: problems}
	seen := map[string]bool{}
	for _, kind := range versions {
		if id := kind.ID(); !seen[id] {
			seen[id] = true
			k.ranked = append(k.ranked, kind)
		}
	}
	k.all = slices.SortedFunc(slices.Values(k.ranked), func(a, b Kind) int { return cmp.Compare(a.ID(), b.ID()) })
	return k
}

// All gives every kind, in the version the server prefers, sorted by ID.
func (k *Kinds) All() []Kind { return slices.Clone(k.all) }

// ByID finds a kind by Kind.ID.
func (k *Kinds) ByID(id string) (Kind, bool) {
	i, found := slices.BinarySearchFunc(k.all, id, func(kind Kind, id string) int { return cmp.Compare(kind.ID(), id) })
	if !found {
		return Kind{}, false
	}
	return k.all[i], true
}

// Problems tells which groups could not be discovered, and why. Their kinds are
// missing here; all others are there.
func (k *Kinds) Problems() []problem.Detail { return slices.Clone(k.problems) }

// Find finds a kind by a name in any case, as kubectl takes it: plural, short
// name, singular or kind, each alone, as name.group (of which a beginning will
// do), or as name.version.group; "." after a version means the core group. Where
// several kinds have the name, the one of the group that the server ranks first wins.
func (k *Kinds) Find(name string) (Kind, bool) {
	name, qualifier, qualified := strings.Cut(strings.ToLower(name), ".")
	if !qualified {
		return find(k.ranked, name, func(Kind) bool { return true })
	}
	if version, group, ok := strings.Cut(qualifier, "."); ok {
		kind, found := find(k.versions, name, func(kind Kind) bool { return kind.Version == version && kind.Group == group })
		if found {
			return kind, true
		}
	}
	if kind, found := find(k.ranked, name, func(kind Kind) bool { return kind.Group == qualifier }); found {
		return kind, true
	}
	return find(k.ranked, name, func(kind Kind) bool { return strings.HasPrefix(kind.Group, qualifier) })
}

// Named gives the kind that Find finds or, where it finds none, the kinds of the
// category of that name which can be listed, such as those of "all".
func (k *Kinds) Named(name string) []Kind {
	if kind, found := k.Find(name); found {
		return []Kind{kind}
	}
	var members []Kind
	for _, kind := range k.ranked {
		if slices.Contains(kind.Categories, strings.ToLower(name)) && kind.Can("list") {
			members = append(members, kind)
		}
	}
	return members
}

// find gives the first of the eligible kinds that has the name as its plural,
// else as a short name, else as its singular or kind.
func find(kinds []Kind, name string, eligible func(Kind) bool) (Kind, bool) {
	for _, has := range []func(Kind) bool{
		func(k Kind) bool { return k.Resource == name },
		func(k Kind) bool { return slices.Contains(k.ShortNames, name) },
		func(k Kind) bool { return k.Singular == name || strings.ToLower(k.Kind) == name },
	} {
		for _, kind := range kinds {
			if has(kind) && eligible(kind) {
				return kind, true
			}
		}
	}
	return Kind{}, false
}

func (k *Kinds) equal(other *Kinds) bool { return reflect.DeepEqual(k, other) }
