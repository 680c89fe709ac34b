package socket

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// checkPeer asks the kernel (LOCAL_PEERCRED) who made the other end.
func checkPeer(conn *net.UnixConn, uid int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("asking for the other end's user: %w", err)
	}
	var peer *unix.Xucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("asking for the other end's user: %w", err)
	}
	return checkUser(int(peer.Uid), uid)
}
