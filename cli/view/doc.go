// Package view keeps the command line's copy of views of the tree: it opens
// them over a connection, applies the changes that the daemon sends and asks for
// a whole page again when one was missed.
package view
