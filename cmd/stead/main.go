// Command stead is the server and its command line: stead dev, stead serve, and the verbs of the API.
// Data goes to stdout, talk to stderr; exit codes are in exit.go.
package main

import "os"

func main() { os.Exit(run(system(), os.Args[1:])) }
