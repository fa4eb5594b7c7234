//go:build unix && !linux

package main

import "syscall"

// alongside keeps what is typed at the terminal away from a server: its demonstration ends it.
func alongside() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
