package console

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// told is Dana's house, where Sam has acted for her and has ended.
func told() *verbs {
	a := house().is(dana)
	a.mandates["man_1"] = wanted(stead.Ended)
	events := story1()
	for i, j := 0, len(events)-1; i < j; i, j = i+1, j-1 {
		events[i], events[j] = events[j], events[i]
	}
	a.events = events
	return a
}

func TestMe(t *testing.T) {
	read := []string{"mandates false", "events   prn_dana [mandate. request.]   0", "events  prn_dana  []   0", "events  prn_dana  [factor.set] ok  0"}
	for name, c := range map[string]seenPage{
		"who acted":    {house: told(), target: "/me", status: 200, asked: read, has: []string{"Sam Okafor → Dana Reyes", "2 pages seen, 1 refused, nothing changed", "The total of order 7 is wrong · SUP-4711", "Acme Orders", "/me/concern/man_1", "Replace it"}},
		"who changed":  {house: told().with(func(a *verbs) { a.events[2].What["action"] = "write" }), target: "/me", status: 200, asked: read, has: []string{"1 change made", `class="tag edit"`}},
		"said":         {house: told(), target: "/me?done=concern", status: 200, asked: read, has: []string{"Security has it."}},
		"said nothing": {house: told(), target: "/me?done=%3Cb%3E", status: 200, asked: read, hasNot: []string{"Security has it."}},
		"older":        {house: told(), target: "/me?before=77", status: 200, asked: []string{read[0], "events   prn_dana [mandate. request.]   77", read[2], read[3]}},

		"concern":            {house: told(), target: "/me/concern/man_1", status: 200, has: []string{"Raise a concern", "Sam Okafor", "Send it to security"}},
		"not one's own":      {house: house(), target: "/me/concern/man_1", status: 404},
		"no such mandate":    {house: told(), target: "/me/concern/man_9", status: 404},
		"raise":              {house: told(), target: "/me/concern/man_1", form: "text=who+was+that", status: 303, to: "/me?done=concern", asked: []string{"raise man_1 who was that"}},
		"raise, nothing":     {house: told().refusing("raise", stead.E(stead.Invalid, stead.ReasonReason, "say what concerns you")), target: "/me/concern/man_1", form: "text=", status: 400, has: []string{"Say what concerns you"}, asked: []string{"raise man_1"}},
		"another":            {house: house(), target: "/me/factor", status: 200, has: []string{"Another authenticator", "JBSW Y3DP EHPK 3PXP", "<svg", `role="img"`, "Code of your old authenticator"}, hasNot: []string{"Your password"}},
		"set it":             {house: house(), target: "/me/factor", form: "secret=S&code=123456&proof=654321", status: 303, to: "/me?done=factor", asked: []string{"set-factor S 123456 654321"}},
		"set it, wrong code": {house: house().refusing("set-factor", errCode), target: "/me/factor", form: "secret=JBSWY3DPEHPK3PXP&code=1&proof=2", status: 403, has: []string{"Give the code", "JBSW Y3DP EHPK 3PXP"}, asked: []string{"set-factor JBSWY3DPEHPK3PXP 1 2"}},
		"set it, no proof": {house: house().refusing("set-factor", stead.E(stead.Refused, stead.ReasonBadProof, "this is not your password")), target: "/me/factor", form: "secret=JBSWY3DPEHPK3PXP&code=1&proof=2", status: 401,
			has: []string{"This is not your password", "JBSW Y3DP EHPK 3PXP"}, asked: []string{"set-factor JBSWY3DPEHPK3PXP 1 2"}},
		"a password":           {house: house(), target: "/me/password", status: 200, has: []string{"Your password now", "New password again", "At least 12 characters"}},
		"a password, by one":   {house: house().with(func(a *verbs) { a.st.Level = 1 }), target: "/me/password", status: 303, to: "/step-up?next=%2Fme%2Fpassword"},
		"change it":            {house: house(), target: "/me/password", form: "old=o&password=battery+staple&again=battery+staple", status: 303, to: "/me?done=password", asked: []string{"set-password o battery staple"}},
		"change it, too short": {house: house(), target: "/me/password", form: "old=o&password=battery&again=battery", status: 400, has: []string{"at least 12 characters"}},
		"change it, a slip":    {house: house(), target: "/me/password", form: "old=o&password=battery+staple&again=battery+stable", status: 400, has: []string{"The two passwords differ"}, hasNot: []string{"staple", "stable"}},
		"change it, wrong": {house: house().refusing("set-password", stead.E(stead.Refused, stead.ReasonBadProof, "this is not your password")), target: "/me/password", form: "old=o&password=battery+staple&again=battery+staple", status: 401,
			has: []string{"This is not your password"}, hasNot: []string{"staple"}, asked: []string{"set-password o battery staple"}},
		"changed":             {house: told(), target: "/me?done=password", status: 200, has: []string{"Your new password counts"}, asked: read},
		"first factor":        {house: house().with(bare), target: "/me/factor", status: 200, has: []string{"A second factor", "Your password"}, hasNot: []string{"old authenticator"}},
		"home without":        {house: house().with(bare), target: "/", status: 200, has: []string{"You have no second factor", "/me/factor"}, asked: []string{"mandates false"}},
		"me without":          {house: told().with(bare), target: "/me", status: 200, has: []string{"No second factor", "Set up an authenticator"}, asked: read[:3]},
		"arming in vain":      {house: house().with(func(a *verbs) { a.never = true }), target: "/act?name=dana", status: 200, has: []string{"No rule lets you act for anybody."}, hasNot: []string{"/act/arm", `href="/act"`, "Arming lasts"}},
		"at home, in vain":    {house: house().with(func(a *verbs) { a.never = true }), target: "/", status: 200, has: []string{"You are yourself"}, hasNot: []string{`href="/act"`}, asked: []string{"mandates false"}},
		"arming without":      {house: house().with(bare), target: "/act", status: 200, has: []string{"You have no second factor yet", "/me/factor"}, hasNot: []string{"/act/arm"}},
		"too weak":            {house: house().refusing("may", errLevel), target: "/settings?who=x", status: 303, to: "/step-up?next=%2Fsettings%3Fwho%3Dx"},
		"too weak, bare":      {house: house().with(bare).refusing("may", errLevel), target: "/settings", status: 303, to: "/me/factor"},
		"too weak for a form": {house: house().refusing("may", errLevel), target: "/settings/reset", form: "reason=x", status: 403},
	} {
		t.Run(name, c.check)
	}
}

func bare(a *verbs) { a.bare = true }

var errLevel = stead.E(stead.Refused, stead.ReasonLevel, "this asks for a stronger sign-in: prove your second factor")

// What is drawn can be read: a QR code has its three corners, and is the text's alone.
func TestDrawn(t *testing.T) {
	side, path := drawn("otpauth://totp/Stead:staff/sam?secret=JBSWY3DPEHPK3PXP")
	again, other := drawn("otpauth://totp/Stead:staff/sam?secret=JBSWY3DPEHPK3PXQ")
	if side < 29 || side != again || path == other {
		t.Fatalf("side %d, %d", side, again)
	}
	for _, corner := range [][2]int{{4, 4}, {side - 5, 4}, {4, side - 5}} {
		if !strings.Contains(path, "M"+versionWord(uint64(corner[0]))+" "+versionWord(uint64(corner[1]))+"h1") {
			t.Errorf("no corner at %v", corner)
		}
	}
	if side, path := drawn(strings.Repeat("x", 5000)); side != 0 || path != "" {
		t.Error("what is too long is drawn")
	}
}
