package postgres

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// longest is how long a filter may be.
const longest = 2000

// filter refuses a text that could mean anything else than one expression within parentheses: what it means there is then
// asked of the server (judge). It knows as little of SQL as it can: strings, quoted names and brackets. All else that could
// hide or end something is refused.
func filter(text string) error {
	no := func(what string) error {
		return stead.E(stead.Invalid, stead.ReasonRequest, "the filter %.200q has %s: write one plain condition on columns of the table", text, what)
	}
	switch {
	case strings.TrimSpace(text) == "" || len(text) > longest:
		return no("no text or more than 2,000 bytes")
	case !utf8.ValidString(text):
		return no("bytes that are no UTF-8")
	}
	var open []byte // the brackets that must close
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < ' ' && c != '\n' && c != '\t' || c == 0x7f:
			return no("control characters")
		case strings.IndexByte(`;\$`, c) >= 0:
			return no("a " + string(c))
		case strings.HasPrefix(text[i:], "--") || strings.HasPrefix(text[i:], "/*"):
			return no("a comment")
		case (c == '\'' || c == '"') && i > 0 && (word(text[i-1]) || text[i-1] == '&'):
			return no("a string with a prefix")
		case c == '\'' || c == '"':
			n := quoted(text[i:])
			if n == 0 {
				return no("a string without an end, or with a backslash")
			}
			i += n - 1
		case c == '(':
			open = append(open, ')')
		case c == '[':
			open = append(open, ']')
		case c == ')' || c == ']':
			if len(open) == 0 || open[len(open)-1] != c {
				return no("brackets that do not match")
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return no("brackets that do not match")
	}
	return nil
}

// quoted is how long the string or quoted name is that text begins with, 0 where it is not well formed.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' || text[i] == 0:
			return 0
		case text[i] != text[0]:
		case i+1 < len(text) && text[i+1] == text[0]:
			i++ // doubled: it stands for itself
		default:
			return i + 1
		}
	}
	return 0
}

func word(c byte) bool {
	return c == '_' || c >= utf8.RuneSelf || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// The tree of a view as the server has read it: what kinds of nodes it has, and which functions and operators it calls.
var (
	nodes = regexp.MustCompile(`\{([A-Z]+)`)
	calls = regexp.MustCompile(`:(?:funcid|opfuncid) (\d+)`)
)

// plain are the nodes of a query on one table with a condition on its columns. No subquery, union, aggregate, cast by way
// of text, parameter or session's value is among them.
var plain = []string{"QUERY", "RTE", "RANGETBLENTRY", "RTEPERMISSIONINFO", "RANGETBLREF", "FROMEXPR", "TARGETENTRY", "ALIAS",
	"VAR", "CONST", "OPEXPR", "BOOLEXPR", "SCALARARRAYOPEXPR", "NULLTEST", "BOOLEANTEST", "RELABELTYPE", "FUNCEXPR", "CASEEXPR",
	"CASEWHEN", "COALESCEEXPR", "ARRAYEXPR", "NULLIFEXPR", "DISTINCTEXPR"}

// judge looks at a view as the server has understood it, and refuses one that is more than a condition on its table, or
// that a session could bend by its settings: only functions that never change their answer are called, and now().
func judge(ctx context.Context, tx pgx.Tx, view, text string) error {
	var tree string
	if err := tx.QueryRow(ctx, "SELECT ev_action::text FROM pg_rewrite WHERE ev_class = $1::regclass", view).Scan(&tree); err != nil {
		return stead.Because(err, "read the filter back")
	}
	queries := 0
	for _, m := range nodes.FindAllStringSubmatch(tree, -1) {
		if m[1] == "QUERY" {
			queries++
		}
		if !slices.Contains(plain, m[1]) || queries > 1 {
			return stead.E(stead.Invalid, stead.ReasonRequest, "the filter %.200q is more than a condition on columns of its table (%s)", text, strings.ToLower(m[1]))
		}
	}
	var ids []uint32
	for _, m := range calls.FindAllStringSubmatch(tree, -1) {
		id, err := strconv.ParseUint(m[1], 10, 32)
		if err != nil {
			return stead.Because(err, "read the filter back")
		}
		ids = append(ids, uint32(id))
	}
	var bad string
	err := tx.QueryRow(ctx, `SELECT coalesce(string_agg(DISTINCT p.oid::regprocedure::text, ', '), '') FROM pg_proc p
		WHERE p.oid = ANY($1::oid[]) AND (provolatile <> 'i' OR prosecdef) AND p.oid <> 'now()'::regprocedure`, ids).Scan(&bad)
	switch {
	case err != nil:
		return stead.Because(err, "look at the functions of the filter")
	case bad != "":
		return stead.E(stead.Invalid, stead.ReasonRequest, "the filter %.200q calls %s, whose answer depends on settings that the lease can change: "+
			"compare with fixed values, such as timestamptz '2026-11-01 00:00+00'", text, bad)
	}
	return nil
}
