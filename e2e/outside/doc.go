// Package outside tries the real program as a stranger would: only what its listeners, its command line and its files
// offer. It shares no code with what it tries.
package outside
