// Package indicator looks at the indicator as a person in Chromium does: into its closed drawing too, where no script of
// the page can look. Its tests put it on pages that do their worst.
package indicator
