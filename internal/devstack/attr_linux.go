package devstack

import "syscall"

// capDacReadSearch lets the user of Postgres pass through directories that only
// root may enter, such as a checkout under /root (capabilities(7)).
const capDacReadSearch = 2

// attributes makes the kernel end the process when this one ends. With a user, the process
// runs as that user.
func attributes(end syscall.Signal, as *user) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: end}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
		if as.passes {
			attr.AmbientCaps = []uintptr{capDacReadSearch}
		}
	}
	return attr
}
