package cedar

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// The annotations a rule may carry. On a forbid only those that describe it make sense.
const (
	annID       = "id"
	annOwner    = "owner"
	annAdvice   = "advice"
	annRequires = "requires"
	annTicket   = "ticket"
	annApproval = "approval"
	annNotify   = "notify"
	annMax      = "max"
	annMode     = "mode"
	annReason   = "reason"
)

var describing = []string{annID, annOwner, annAdvice}

// requirable is the closed list of @requires: what nobody enforces must not look enforced.
var requirable = []string{"second-factor", "reason", "ticket"}

// duties are what one rule asks for, as its annotations say.
type duties struct {
	requires  []string
	ticket    string
	approvals []stead.Stage
	notify    []string
	max       time.Duration
	mode      stead.Mode
	advice    string
	reason    string
}

// readAnnotation sets what one annotation says. Its error says what to write instead.
func (d *duties) readAnnotation(key, value string) (err error) {
	switch key {
	case annID, annOwner:
		if strings.TrimSpace(value) == "" {
			err = fmt.Errorf("@%s is empty: write a name", key)
		}
	case annAdvice:
		d.advice = value
	case annRequires:
		d.requires, err = readRequires(value)
	case annTicket:
		d.ticket, err = readTicket(value)
	case annApproval:
		d.approvals, err = readStages(value)
	case annNotify:
		if d.notify = list(value, ","); len(d.notify) == 0 {
			err = fmt.Errorf("@notify names nobody: write a channel, such as \"#support\"")
		}
	case annMax:
		d.max, err = readMax(value)
	case annMode:
		d.mode, err = readMode(value)
	case annReason:
		if d.reason = strings.Join(strings.Fields(value), " "); d.reason == "" {
			err = fmt.Errorf("@reason is empty: say why what this rule permits is in order, for whoever reads it on the mandate")
		}
	default:
		err = fmt.Errorf("@%s is not known here and would be ignored: use one of @id @owner @advice @requires "+
			"@ticket @approval @notify @max @mode @reason", key)
	}
	return err
}

func readRequires(value string) ([]string, error) {
	words := list(value, ",")
	for _, w := range words {
		if !slices.Contains(requirable, w) {
			return nil, fmt.Errorf("@requires(%q): nothing enforces %q: use %s", value, w, strings.Join(requirable, ", "))
		}
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("@requires asks for nothing: use %s", strings.Join(requirable, ", "))
	}
	slices.Sort(words)
	return slices.Compact(words), nil
}

func readTicket(value string) (string, error) {
	if !strings.HasPrefix(value, "^") || !strings.HasSuffix(value, "$") {
		return "", fmt.Errorf("@ticket(%q) matches in the middle of anything: begin it with ^ and end it with $", value)
	}
	if _, err := regexp.Compile(value); err != nil {
		return "", fmt.Errorf("@ticket(%q) is no RE2 expression (%v): correct it", value, err)
	}
	return value, nil
}

func readMax(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("@max(%q) is no length of time: write one such as \"10m\" or \"1h30m\"", value)
	}
	return d, nil
}

func readMode(value string) (stead.Mode, error) {
	m := stead.Mode(value)
	if m != stead.ReadOnly && m != stead.Edit {
		return "", fmt.Errorf("@mode(%q) is no mode: write \"read-only\" or \"edit\"", value)
	}
	return m, nil
}

// list splits by sep, trims, and drops what is empty.
func list(value, sep string) []string {
	var words []string
	for _, w := range strings.Split(value, sep) {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}
