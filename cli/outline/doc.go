// Package outline draws an expanded part of the tree as text: branches, a mark
// for each row's health, counts, and the printer columns aligned below their
// names. It is pure: the same nodes, options and moment give the same text.
package outline
