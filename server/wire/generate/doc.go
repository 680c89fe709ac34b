// Generate writes what follows from the declarations of the contract: the
// protocol's page, the TypeScript and the Java. It is run by go generate in
// server/wire.
//
// It reads source text, not types: declarations.go finds the methods, the types
// they name in whatever package those are defined, and their comments;
// typescript.go, java.go and markdown.go each write one file from that.
package main
