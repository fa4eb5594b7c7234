// Package e2e tells whole stories: behind the doors with every real part, and from outside with the real program.
package e2e
