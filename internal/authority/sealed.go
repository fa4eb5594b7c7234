package authority

import (
	"strconv"
	"time"
)

// pushedMark is of what a door leaves with its caller.
const pushedMark = "pushed request"

// Push seals a text for its caller to bring back until then. It holds no newline.
func (a *Authority) Push(text string, until time.Time) string {
	return a.seal([]string{pushedMark, text, number64(until.Unix()), a.NewID("")})
}

// Pushed reads back what Push sealed, and what of it counts once; false: it is none, or over.
func (a *Authority) Pushed(sealed string) (text string, once Once, ok bool) {
	parts, ok := a.unseal(sealed)
	if !ok || len(parts) != 4 || parts[0] != pushedMark {
		return "", Once{}, false
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	once = Once{Key: "pushed/" + parts[3], Until: time.Unix(at, 0)}
	return parts[1], once, err == nil && a.Now().Before(once.Until)
}
