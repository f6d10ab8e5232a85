package connection

import (
	"time"

	"golang.org/x/sys/unix"
)

// isGone says whether the client is gone: it has reset the connection, or closed its
// side more than halfCloseTime after its last data.
func isGone(fd int) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	if n, err := unix.Poll(poll, 0); n == 0 || err != nil {
		return false
	}
	events := poll[0].Revents
	if events&(unix.POLLHUP|unix.POLLERR) != 0 {
		return true
	}
	return events&unix.POLLRDHUP != 0 && endedAfter(fd) > halfCloseTime
}

// endedAfter is the time from the last data to the end of the stream. The FIN packet
// counts as an acknowledgement, but not as data.
func endedAfter(fd int) time.Duration {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return time.Duration(int64(info.Last_data_recv)-int64(info.Last_ack_recv)) * time.Millisecond
}
