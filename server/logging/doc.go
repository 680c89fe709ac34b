// Package logging is the daemon's one log: a text file that is rotated by its
// size, and those who follow it live.
//
// Book is the slog.Handler that everything logs through. It writes records to the
// file and hands them to its followers; a follower that is slow loses records and
// is told how many.
package logging
