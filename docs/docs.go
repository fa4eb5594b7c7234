// Package docs carries the reference inside of the program, so that what an error points to can be read where it
// happened.
package docs

import "embed"

// Reference holds the generated pages: "reference/reasons.md" and the others.
//
//go:embed reference/*.md
var Reference embed.FS
