package graceful

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// refuseNew installs a socket filter with which the kernel drops attempts to connect.
// Handshakes in progress continue. Closing without it would reset connections that are in
// the accept queue, which is never sure to be empty: TestStopResetsNobody fails without the
// filter. If the kernel does not allow the filter, a few connections may be reset.
func refuseNew(l syscall.Conn) {
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	const (
		flags = 13   // offset of the flags in a TCP header
		syn   = 0x02 // the flag of a connection attempt
	)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
}
