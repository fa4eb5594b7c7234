package main

import "syscall"

// alongside ends a server whose demonstration was killed.
func alongside() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
}
