package connection

import (
	"time"

	"golang.org/x/sys/unix"
)

// isGone says whether the other side of a connection has left: it has reset the
// connection, or ended its stream later than with the request.
func isGone(fd int) bool {
	look := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	if n, err := unix.Poll(look, 0); n == 0 || err != nil {
		return false
	}
	seen := look[0].Revents
	if seen&(unix.POLLHUP|unix.POLLERR) != 0 {
		return true
	}
	return seen&unix.POLLRDHUP != 0 && endedAfter(fd) > halfCloseTime
}

// endedAfter is how long after the last data the end of the stream came. The packet
// that ends a stream acknowledges as any other, but is no data.
func endedAfter(fd int) time.Duration {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return time.Duration(int64(info.Last_data_recv)-int64(info.Last_ack_recv)) * time.Millisecond
}
