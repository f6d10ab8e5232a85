//go:build !linux

package devstack

import "syscall"

// attributes puts the process into its own process group. Only Linux can end it when this
// process ends; on other systems the next start ends it (see leftover.go).
func attributes(_ syscall.Signal, as *user) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	return attr
}
