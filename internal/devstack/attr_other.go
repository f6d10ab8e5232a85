//go:build !linux

package devstack

import "syscall"

// attributes of a process in a group of its own. Only Linux can tie its life to
// ours; elsewhere a leftover is ended at the next start (see leftover.go).
func attributes(_ syscall.Signal, as *user) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	return attr
}
