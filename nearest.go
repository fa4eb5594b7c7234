package stead

import (
	"slices"
	"strings"
)

const mostNearest = 64 // letters of a text for which a name is sought: longer ones were not mistyped

// Nearest is the name that a text was meant to be: the one with the fewest letters to be put in, taken out, changed or swapped
// with their neighbour, in whatever case, and of those the one that begins most like it; else one that
// it is the beginning of. "" where there is none.
func Nearest(text string, known []string) string {
	text = strings.ToLower(text[:min(len(text), mostNearest)])
	best, least, most := "", len(text)/2+1, 0
	for _, name := range known {
		d, same := distance(text, strings.ToLower(name)), alike(text, strings.ToLower(name))
		if d < least || d == least && best != "" && same > most {
			best, least, most = name, d, same
		}
	}
	if i := slices.IndexFunc(known, func(name string) bool { return strings.HasPrefix(strings.ToLower(name), text) }); best == "" && text != "" && i >= 0 {
		return known[i]
	}
	return best
}

// DidYouMean asks for the nearest name at the end of a sentence; "" where none is near.
func DidYouMean(text string, known []string) string {
	if best := Nearest(text, known); best != "" {
		return ": did you mean " + best + "?"
	}
	return ""
}

// alike is how many letters two texts begin with in common.
func alike(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance is how many letters must be put in, taken out, changed or swapped with their neighbour to make b of a.
func distance(a, b string) int {
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		two, one, row = one, row, two
		row[0] = i + 1
		for j := range len(b) {
			change := one[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, row[j]+1, one[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], two[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
