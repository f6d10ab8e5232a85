//go:build !linux

package graceful

import "syscall"

// refuseNew needs Linux. Elsewhere the service is only developed.
func refuseNew(syscall.Conn) {}
