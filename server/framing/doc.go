// Package framing carries JSON-RPC messages over a connection the way the
// Language Server Protocol does: a header with Content-Length, a blank line,
// the message as JSON.
//
// It stands between a net.Conn and go.lsp.dev/jsonrpc2, whose own stream ends
// the connection at the first byte it does not like, takes messages of a
// gigabyte and waits for ever for a peer that stopped reading. A Stream answers
// what it cannot use with a JSON-RPC error and goes on, bounds what it holds,
// and gives up on a peer that no longer reads.
package framing
