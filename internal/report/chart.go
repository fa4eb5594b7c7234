package report

import "strconv"

// A bar of the chart. All measures are those of the drawing, whose width is chartWidth.
type bar struct {
	Name, Label          string
	Y, Width, Text, Base int
}

const (
	chartWidth  = 720
	chartName   = 240 // room for names
	chartLine   = 28
	chartNumber = 90 // room for the figure behind the longest bar
	mostBars    = 20
)

// bars draw the groups with the most sessions. What is left out stands in the table.
func (s sheet) bars() []bar {
	var all []bar
	for i, g := range s.groups[:min(len(s.groups), mostBars)] {
		width := max(2, (chartWidth-chartName-chartNumber)*g.Sessions/s.groups[0].Sessions)
		all = append(all, bar{Name: short(g.Name), Label: counted(g.Sessions, "session"), Y: i*chartLine + 4, Width: width,
			Text: chartName + width + 8, Base: i*chartLine + 18})
	}
	return all
}

func short(name string) string {
	const most = 32
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func span(seconds int64) string {
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	switch {
	case h > 0:
		return strconv.FormatInt(h, 10) + " h " + strconv.FormatInt(m, 10) + " min"
	case m > 0:
		return strconv.FormatInt(m, 10) + " min " + strconv.FormatInt(s, 10) + " s"
	}
	return strconv.FormatInt(s, 10) + " s"
}
