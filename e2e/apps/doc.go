// Package apps puts stead serve before real applications, started from their Debian packages, and lets three people
// use them: Sam, who acts for Dana, Dana herself, and Ada, who administers both. Stead knows of each application what
// examples/apps says of it and nothing else. Where an application is missing the tests fail: make deps installs it.
package apps
