package graceful

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// refuseNew has the kernel drop attempts to connect. Handshakes that have begun
// go on. Closing alone would reset whatever is between handshake and accept, and
// there is no moment at which that queue is sure to be empty: without the filter
// TestStopResetsNobody fails. If the kernel refuses it, a few connections may be
// reset.
func refuseNew(l syscall.Conn) {
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	const (
		flags = 13   // offset of the flags in a TCP header
		syn   = 0x02 // asks for a connection
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
