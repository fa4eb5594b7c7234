package console

import "strings"

// A diffLine is one line of a difference: Sign is "+", "-", " " or "…" where lines that did not change are left out.
type diffLine struct{ Sign, Text string }

// around is how many lines that did not change are shown beside those that did; mostCells bounds the work.
const (
	around    = 3
	mostCells = 4_000_000
)

// differ tells line by line how one text became another.
func differ(before, after string) []diffLine {
	a, b := textLines(before), textLines(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []diffLine
	for _, l := range a[:head] {
		out = append(out, diffLine{" ", l})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, diffLine{" ", l})
	}
	return folded(out)
}

func textLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// middle compares by the longest common subsequence, and line for line not at all where that would be too much.
func middle(a, b []string) []diffLine {
	var out []diffLine
	all := func(sign string, lines []string) {
		for _, l := range lines {
			out = append(out, diffLine{sign, l})
		}
	}
	if len(a)*len(b) > mostCells {
		all("-", a)
		all("+", b)
		return out
	}
	common := table(a, b)
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			all(" ", a[i:i+1])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			all("-", a[i:i+1])
			i++
		default:
			all("+", b[j:j+1])
			j++
		}
	}
	all("-", a[i:])
	all("+", b[j:])
	return out
}

// table holds how long the longest common subsequence of the rests is.
func table(a, b []string) [][]int32 {
	t := make([][]int32, len(a)+1)
	for i := range t {
		t[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if t[i][j] = max(t[i+1][j], t[i][j+1]); a[i] == b[j] {
				t[i][j] = t[i+1][j+1] + 1
			}
		}
	}
	return t
}

// folded leaves out what is far from any change.
func folded(all []diffLine) []diffLine {
	near := make([]bool, len(all))
	for i, l := range all {
		if l.Sign != " " {
			for j := max(0, i-around); j <= min(len(all)-1, i+around); j++ {
				near[j] = true
			}
		}
	}
	var out []diffLine
	for i, l := range all {
		switch {
		case near[i]:
			out = append(out, l)
		case len(out) == 0 || out[len(out)-1].Sign != "…":
			out = append(out, diffLine{"…", ""})
		}
	}
	return out
}
