// Package socket is the place where a user's programs meet the user's daemon: a
// Unix socket in a folder that only the user may enter.
//
// Both ends check the folder and the other end's user, so that nobody who can
// write to a shared temporary folder can listen in the daemon's place or talk to
// it. A lock beside the socket lets one daemon listen at a time; it goes with the
// process that holds it, so what a killed daemon left behind is replaced.
package socket
