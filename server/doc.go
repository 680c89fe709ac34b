// Package server is the daemon: it offers the features over JSON-RPC to editors
// and to the command line.
//
// One Daemon serves many sessions over one Engine, the state that they share. A
// session is one connection: it reads messages in order (session.go), looks the
// method up in a table (table.go, methods.go), and answers. Notifications and
// short calls run on the read loop, so that what a client sends takes effect in
// the order it was sent; a call that may take long says so with one line,
// call.release, and overlaps what follows. A method's file is named after its
// family: explorer.go, clusters.go, about.go, logs.go, lifecycle.go,
// configuration.go, commands.go.
//
// What the daemon sends by itself is pulled: the next change of a view is asked for
// when the one before it has been written, so a client that reads slowly costs a
// bounded amount of memory, and one that stops reading is given up (framing).
//
// Run is the process (run.go); Connect finds the running daemon or starts one
// (connect.go, start.go) and gives a Client; Bridge does so for an editor that
// speaks over standard input and output (stdio.go).
package server
