//go:build !linux

package main

import "syscall"

// attributes of a child in a process group of its own, so that a Ctrl-C at the
// terminal reaches us alone and we stop things in order.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
