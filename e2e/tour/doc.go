// Package tour walks through Stead as people meet it: the real program, and Debian's Chromium in front of it.
package tour
