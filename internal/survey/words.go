package survey

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return strings.ToUpper(f[0])
	}
	return ""
}

// bare is the name of a table without its schema and quotes.
func bare(table string) string {
	table = unquote.Replace(table)
	return strings.ToLower(table[strings.LastIndex(table, ".")+1:])
}

var unquote = strings.NewReplacer("`", "", `"`, "", "[", "", "]", "")

var simple = regexp.MustCompile(`^[a-z/][a-z0-9_./-]*$`)

// plain writes s as YAML reads it back.
func plain(s string) string {
	if simple.MatchString(s) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, s) {
		return s
	}
	return strconv.Quote(s)
}
