// Package cli is the command line of Pilothouse, one file a command.
//
// A command is a pair: a function that declares its flags and a struct of
// options with a run method. Commands know no cluster: each calls the methods of
// the contract over one connection, to the user's daemon or, with --standalone
// or a --kubeconfig of its own, to an engine in this process. So what the
// command line shows is what an editor sees.
//
// Flags are called what kubectl calls them. A failure is printed as its
// sentence, its cause and the next steps; the exit code is 1, or 130 after Ctrl-C.
//
// The pure parts stand below: table (kubectl's tables), outline (the tree as
// text), view (a live copy of a node's children).
package cli
