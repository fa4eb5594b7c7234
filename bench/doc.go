// Package bench measures Stead beside its twins on the same machine in the same minute. Nothing imports it; the
// figures are printed by make bench and kept in docs/performance.md.
package bench
