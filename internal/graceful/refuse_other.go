//go:build !linux

package graceful

import "syscall"

// refuseNew needs Linux. Other systems are only for development.
func refuseNew(syscall.Conn) {}
