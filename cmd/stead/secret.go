package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/steadhq/stead/internal/config"
)

// secret gets a password or a code: from a file, else from the terminal without showing it. file "-" is stdin.
func (e *env) secret(what, file string) (string, error) {
	switch file {
	case "":
	case "-":
		return readLine(e.in)
	default:
		return config.Secret(file)
	}
	if !terminal(e.in) {
		return "", fail(exitUsage, "give it as a file, or - for stdin", "there is no terminal to ask for the %s", what)
	}
	fmt.Fprintf(e.err, "%s: ", strings.ToUpper(what[:1])+what[1:])
	line, _, err := unseen(e.in)
	fmt.Fprintln(e.err)
	return line, err
}

// readLine reads one line byte by byte, so that what follows stays for the next reader.
func readLine(f *os.File) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < 4096 {
		n, err := f.Read(one)
		if n == 1 && one[0] == '\n' {
			break
		}
		line = append(line, one[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}

// confirm asks for a name to be typed back before something is destroyed.
func (e *env) confirm(yes bool, name, what string) error {
	if yes {
		return nil
	}
	if !terminal(e.in) {
		return fail(exitUsage, "add --yes", "this %s", what)
	}
	fmt.Fprintf(e.err, "This %s.\nType %s to go on: ", what, name)
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != name {
		return fail(exitFailed, "", "nothing was done")
	}
	return nil
}
