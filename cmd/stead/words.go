package main

import (
	"strconv"
	"strings"

	"github.com/steadhq/stead/client/admin"
)

func number[N int | int64 | uint64](n N) string { return strconv.FormatInt(int64(n), 10) }

// count says how many there are of what: 1 file, 2 files.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return number(n) + " " + what
}

// within splits directory/name, unless the directory is told apart.
func within(name, directory string) (string, string) {
	name = strings.TrimPrefix(name, "person:")
	if dir, rest, ok := strings.Cut(name, "/"); ok && directory == "" {
		return dir, rest
	}
	return directory, name
}

// account is how somebody is named in tables: staff/sam.
func account(w admin.Who) string {
	if w.Account == "" {
		return w.ID
	}
	return w.Directory + "/" + w.Account
}

func yesno(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// several counts things that are many by an s: 1 row, 2 rows.
func several(n, one string) string {
	if n == "1" {
		return "1 " + one
	}
	return n + " " + one + "s"
}
