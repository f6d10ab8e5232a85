package main

import "syscall"

// attributes of a child in a process group of its own, so that a Ctrl-C at the
// terminal reaches us alone and we stop things in order. If we are killed, it ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
