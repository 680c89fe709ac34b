package main

// contract is everything that the generated files tell.
type contract struct {
	version  string
	families []family
	types    []*declared // those of wire first, then in the order they are named
	codes    []errorCode
}

// family is one const block of methods.
type family struct {
	doc     string
	methods []method
}

// method is a call, or a notification of the daemon when result is nil.
type method struct {
	constant string // the Go constant, for example "ExplorerChildren"
	name     string // for example "pilothouse/explorer/children"
	doc      string
	params   *declared
	result   *declared
}

// declared is a type of the contract: a struct, or a string with known values.
type declared struct {
	name   string // unique in the contract, for example "TreePage"
	doc    string
	fields []field // of a struct
	values []value // of a string type
}

// field is one member of a JSON object.
type field struct {
	name string
	doc  string
	kind kind
	// absent is what it means that the member is left out: the zero value, or, for
	// a pointer, nothing.
	absent absence
}

type absence int

const (
	never absence = iota
	zero
	nothing
)

// value is one known value of a string type.
type value struct {
	constant string // without the type's name, for example "Good"
	text     string
	doc      string
}

// errorCode is one code of explorer/problem.
type errorCode struct {
	number int
	name   string
	doc    string
}

// kind is the type of a value. Exactly one of its parts is set; a map has an
// element too.
type kind struct {
	basic   string // a Go basic type, or "any"
	named   *declared
	list    bool
	key     string // the basic type of a map's keys
	element *kind
}
