// Package wire is the contract between the daemon and its front-ends: every
// method beyond the Language Server Protocol, declared once, with the types of
// what it takes and gives.
//
// A method is a typed constant, so that the daemon's method table and Go clients
// are checked by the compiler. A datum that a feature makes (a row, a context) is
// defined in the feature's package and only named here.
//
// The doc comments are part of the contract: generate reads the declarations and
// writes docs/protocol.md, the TypeScript and the Java from them. After a change
// run go generate; a test fails while the written files are not current.
//
// Fields and methods are added. Nothing is renamed, nothing changes its meaning,
// and a client lets pass what it does not know.
package wire

//go:generate go run ./generate
