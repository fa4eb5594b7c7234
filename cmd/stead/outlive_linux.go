package main

import "syscall"

// outlived is how a program is started that is to hear a signal when this one was killed.
func outlived(s syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: s} }
