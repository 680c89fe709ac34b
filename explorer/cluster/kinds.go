package cluster

import "pilothouse/explorer/problem"

// Kinds are the kinds an API server serves, as an unchanging snapshot.
type Kinds struct{}

// All gives every kind, sorted by ID.
func (k *Kinds) All() []Kind { return nil }

// ByID finds a kind by Kind.ID.
func (k *Kinds) ByID(id string) (Kind, bool) { return Kind{}, false }

// Find finds a kind by a name as kubectl takes it: plural, singular, short name,
// kind, resource.group or resource.version.group.
func (k *Kinds) Find(name string) (Kind, bool) { return Kind{}, false }

// Problems tells which groups could not be discovered, and why.
func (k *Kinds) Problems() []problem.Detail { return nil }
