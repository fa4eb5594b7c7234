package e2e

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/model"
)

func (m *machine) signIn(t *rapid.T) {
	account := rapid.SampledFrom([]string{"sam", "sam", "eve", "olga", "omar", "omar-too", "sam-too", "dana", "dana-inside"}).Draw(t, "account")
	m.login(t, account, rapid.IntRange(0, 3).Draw(t, "factor") > 0)
}

func (m *machine) signOut(t *rapid.T) {
	by := m.aLogin(t)
	err := m.SignOut(m.ctx, by)
	m.same(t, "sign out", by, m.w.SignOut(string(by.Session)), err)
}

func (m *machine) stepUp(t *rapid.T) {
	by, code := m.aLogin(t), m.fresh()
	_, err := m.StepUp(m.ctx, by, code)
	if m.same(t, "step up", by, m.w.StepUp(string(by.Session)), err) {
		m.log = m.store.Head().Size
		_, err = m.StepUp(m.ctx, by, code)
		m.same(t, "step up by the same code", by, model.Conflict|model.Refused, err) // S-I15
	}
}

func (m *machine) arm(t *rapid.T) { m.armed(t, m.aLogin(t)) }

func (m *machine) armed(t *rapid.T, by authority.By) bool {
	code := m.fresh()
	_, err := m.Arm(m.ctx, by, code)
	return m.same(t, "arm", by, m.w.Arm(string(by.Session)), err)
}

func (m *machine) disarm(t *rapid.T) {
	by := m.aLogin(t)
	err := m.Disarm(m.ctx, by)
	m.same(t, "disarm", by, m.w.Disarm(string(by.Session)), err)
}

func (m *machine) ask(t *rapid.T) {
	by := m.aLogin(t)
	subject := rapid.SampledFrom(append([]stead.PrincipalID{"prn_nobody", ""}, m.accounts...)).Draw(t, "subject")
	if rapid.IntRange(0, 2).Draw(t, "a customer") > 0 {
		subject = m.account[rapid.SampledFrom([]string{"dana", "carl"}).Draw(t, "customer")]
	}
	m.asked(t, by, subject, rapid.Bool().Draw(t, "edit"), rapid.IntRange(0, 9).Draw(t, "reason") > 0)
}

func (m *machine) asked(t *rapid.T, by authority.By, subject stead.PrincipalID, edit, reason bool) (stead.MandateID, bool) {
	w := authority.Ask{Subject: subject, App: "orders", Mode: stead.ReadOnly}
	if edit {
		w.Mode = stead.Edit
	}
	if reason {
		w.Purpose.Reason = "she called"
	}
	got, err := m.Ask(m.ctx, by, w)
	ok := m.same(t, "ask", by, m.w.Ask(string(got.ID), string(by.Session), string(subject), edit, reason), err)
	if ok {
		m.mandates = append(m.mandates, got.ID)
		m.digests[got.ID] = got.Digest
	}
	return got.ID, ok
}

func (m *machine) vote(t *rapid.T) {
	id, by := m.aMandate(t), m.aLogin(t)
	if waiting := m.waiting(); len(waiting) > 0 && rapid.IntRange(0, 3).Draw(t, "waiting") > 0 {
		id = rapid.SampledFrom(waiting).Draw(t, "mandate")
		voter := rapid.SampledFrom([]string{"sam-too", "dana-inside", "omar", "omar-too", "olga", "eve"}).Draw(t, "voter")
		if n := len(m.logins); m.login(t, voter, false) {
			by, m.log = m.logins[n], m.store.Head().Size
		}
	}
	m.voted(t, id, by, rapid.IntRange(0, 9).Draw(t, "yes") > 0, rapid.IntRange(0, 9).Draw(t, "same") > 0)
}

// waiting are the requests that wait for a vote.
func (m *machine) waiting() []stead.MandateID {
	return slices.DeleteFunc(slices.Clone(m.mandates), func(id stead.MandateID) bool {
		return m.w.Mandates[string(id)].State != "asked" || m.w.Over(string(id))
	})
}

func (m *machine) voted(t *rapid.T, id stead.MandateID, by authority.By, yes, same bool) {
	digest := m.digests[id]
	if !same {
		digest = "another"
	}
	var err error
	if yes {
		_, err = m.Approve(m.ctx, by, id, digest, "")
	} else {
		_, err = m.Refuse(m.ctx, by, id, digest, "")
	}
	m.same(t, "vote", by, m.w.Vote(string(id), string(by.Session), yes, same), err)
}

func (m *machine) begin(t *rapid.T) {
	id := m.aMandate(t)
	m.begun(t, id, m.theLogin(t, id), rapid.Bool().Draw(t, "code"))
}

func (m *machine) begun(t *rapid.T, id stead.MandateID, by authority.By, code bool) {
	given := ""
	if code {
		given = m.fresh()
	}
	_, err := m.Start(m.ctx, by, id, given)
	m.same(t, "start", by, m.w.Start(string(id), string(by.Session), code), err)
}

// claim takes a request to another login, mostly of its own actor.
func (m *machine) claim(t *rapid.T) {
	id, by := m.aMandate(t), m.aLogin(t)
	if of := m.w.Mandates[string(id)]; of != nil && rapid.IntRange(0, 2).Draw(t, "own") > 0 {
		for _, other := range m.logins {
			if string(other.Principal) == of.Actor && string(other.Session) != of.Login && m.w.Alive(string(other.Session)) {
				by = other
			}
		}
	}
	_, err := m.Claim(m.ctx, by, id)
	m.same(t, "claim", by, m.w.Claim(string(id), string(by.Session)), err)
}

func (m *machine) extend(t *rapid.T) {
	id := m.aMandate(t)
	by := m.theLogin(t, id)
	given, reason := "", "not done yet"
	code := rapid.Bool().Draw(t, "code")
	if code {
		given = m.fresh()
	}
	if rapid.IntRange(0, 9).Draw(t, "reason") == 0 {
		reason = ""
	}
	_, err := m.Extend(m.ctx, by, id, reason, given)
	m.same(t, "extend", by, m.w.Extend(string(id), string(by.Session), code, reason != ""), err)
}

func (m *machine) end(t *rapid.T) {
	id := m.aMandate(t)
	by := m.theLogin(t, id)
	if rapid.Bool().Draw(t, "begun") {
		_, err := m.End(m.ctx, by, id)
		m.same(t, "end", by, m.w.End(string(id), string(by.Session), true), err)
		return
	}
	_, err := m.Withdraw(m.ctx, by, id)
	m.same(t, "withdraw", by, m.w.End(string(id), string(by.Session), false), err)
}

func (m *machine) stop(t *rapid.T) {
	id, by := m.aMandate(t), m.aLogin(t)
	if rapid.IntRange(0, 2).Draw(t, "by security") > 0 {
		if n := len(m.logins); m.login(t, "olga", false) {
			by, m.log = m.logins[n], m.store.Head().Size
		}
	}
	verbs := []string{"revoke", "suspend", "suspend", "suspend", "resume"}
	if of := m.w.Mandates[string(id)]; of != nil && of.State == "suspended" {
		verbs = []string{"revoke", "suspend", "resume", "resume", "resume"}
	}
	verb := rapid.SampledFrom(verbs).Draw(t, "verb")
	p := m.w.People[string(by.Principal)]
	role := p.Groups["security"] || p.Groups["admin"]
	may := role
	if of := m.w.Mandates[string(id)]; of != nil {
		may = role || of.Subject == string(by.Principal)
		if verb == "resume" {
			may = role && of.Actor != string(by.Principal)
		}
	}
	var err error
	switch verb {
	case "revoke":
		_, err = m.Revoke(m.ctx, by, id, "no more")
	case "suspend":
		_, err = m.Suspend(m.ctx, by, id, "")
	case "resume":
		_, err = m.Resume(m.ctx, by, id, "")
	}
	m.same(t, verb, by, m.w.Stop(verb, string(id), string(by.Session), may), err)
}

func (m *machine) decide(t *rapid.T) {
	id, write := stead.MandateID(""), rapid.IntRange(0, 3).Draw(t, "write") == 0
	by := m.aLogin(t)
	if rapid.IntRange(0, 3).Draw(t, "for another") > 0 {
		id = m.aMandate(t)
		by = m.theLogin(t, id)
	}
	q := stead.Question{Session: by.Session, Actor: by.Principal, Subject: by.Principal, Mandate: id, Action: stead.ActionRead,
		Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/"}, Activity: true}
	if write {
		q.Action = stead.ActionWrite
	}
	if of := m.w.Mandates[string(id)]; of != nil {
		q.Subject = stead.PrincipalID(of.Subject)
	}
	d, err := m.Decide(m.ctx, q)
	must(t, err)
	if may := m.w.MayPass(string(by.Session), string(id), write); d.Allow != may {
		t.Fatalf("%+v: the rules say %v (%s: %s), the model %v", q, d.Allow, d.Reason, d.Text, may)
	}
	m.decided(t, q, d)
	switch {
	case d.Allow:
		m.w.Passed(string(by.Session), string(id))
	case id != "":
		m.w.Denied(string(by.Session), string(id))
		m.steps["denied for another"]++
	}
}

// decided: the record is in the log before the answer is here, with both names (S-I20, I13).
func (m *machine) decided(t *rapid.T, q stead.Question, d stead.Decision) {
	name := "own read"
	switch {
	case q.Mandate != "" && q.Action == stead.ActionWrite:
		name = "write for another"
	case q.Mandate != "":
		name = "read for another"
	}
	kind := stead.EventKind("request.denied")
	if d.Allow {
		kind = "request.allowed"
		m.steps[name]++
	}
	for i := m.log; i < m.store.Head().Size; i++ {
		e, err := m.store.Event(m.ctx, i)
		must(t, err)
		if e.Decision != d.ID || e.Kind != kind {
			continue
		}
		if e.Actor != q.Actor || e.Subject != q.Subject || e.Mandate != q.Mandate || e.Reason != d.Reason ||
			e.Who["name"] == "" || q.Actor != q.Subject && e.What["subject"] == "" {
			t.Fatalf("%+v was recorded as %+v", q, e)
		}
		return
	}
	t.Fatalf("%+v: no event of kind %s", q, kind)
}

// people changes accounts in the middle: closed, opened, out of the group, promoted (C7, R3, R19).
func (m *machine) people(t *rapid.T) {
	by := m.admin(t)
	account := rapid.SampledFrom([]string{"sam", "eve", "dana", "carl", "omar", "olga"}).Draw(t, "account")
	id := m.account[account]
	p := m.w.People[string(id)]
	group, in := rapid.SampledFrom([]string{"support", "customer", "vip", "security"}).Draw(t, "group"), false
	edit := authority.Edit{}
	if rapid.IntRange(0, 2).Draw(t, "door") == 0 {
		closed := !p.Closed
		edit.Disabled = &closed
	} else {
		in = !p.Groups[group]
		groups := []string{}
		for g := range p.Groups {
			if g != group {
				groups = append(groups, g)
			}
		}
		if in {
			groups = append(groups, group)
		}
		slices.Sort(groups)
		edit.Groups = &groups
	}
	_, err := m.Change(m.ctx, by, id, edit)
	m.same(t, "change", by, 0, err)
	switch {
	case edit.Groups != nil:
		m.w.Regroup(string(id), group, in)
	case *edit.Disabled:
		m.w.Close(string(id))
	default:
		m.w.Open(string(id))
	}
}

// time passes, and now and then the wall clock is set back: nothing revives (I6, R42).
func (m *machine) time(t *rapid.T) {
	m.seconds.Add(rapid.SampledFrom([]int64{1, 1, 20, 20, 59, 60, 120, 241, 359, 360, 599, 600, 1800, 3600}).Draw(t, "seconds"))
	if rapid.IntRange(0, 3).Draw(t, "skew") == 0 {
		m.skew.Store(-40 - m.skew.Load())
	}
	m.settle()
}

func (m *machine) sweep(t *rapid.T) {
	must(t, m.Sweep(m.ctx))
	m.w.Sweep()
}

func (m *machine) acknowledge(t *rapid.T) {
	by := m.aLogin(t)
	for _, b := range m.logins {
		if m.w.Logins[string(b.Session)].Unseen && m.w.Alive(string(b.Session)) {
			by = b
		}
	}
	err := m.Acknowledge(m.ctx, by)
	m.same(t, "acknowledge", by, m.w.Acknowledge(string(by.Session)), err)
}

// errand does what people mostly do, one thing after the other, so that walks come far: arm, ask, have it approved,
// start.
func (m *machine) errand(t *rapid.T) {
	account := rapid.SampledFrom([]string{"sam", "eve"}).Draw(t, "account")
	edit := rapid.Bool().Draw(t, "edit")
	n := len(m.logins)
	by := m.aLogin(t)
	if rapid.IntRange(0, 2).Draw(t, "another login") == 0 || by.Principal != m.account[account] {
		if !m.login(t, account, true) {
			return
		}
		by = m.logins[n]
	}
	if m.log = m.store.Head().Size; !m.armed(t, by) {
		return
	}
	m.log = m.store.Head().Size
	id, ok := m.asked(t, by, m.account[rapid.SampledFrom([]string{"dana", "carl"}).Draw(t, "customer")], edit, true)
	if !ok {
		return
	}
	for _, voter := range []string{"olga", "omar"} {
		if !edit || rapid.IntRange(0, 3).Draw(t, "votes") == 0 {
			break
		}
		n, m.log = len(m.logins), m.store.Head().Size
		if m.login(t, voter, false) {
			m.log = m.store.Head().Size
			m.voted(t, id, m.logins[n], true, true)
		}
	}
	second, too := stead.MandateID(""), false
	if m.w.PerActor > 1 && rapid.Bool().Draw(t, "two in one session") {
		m.log = m.store.Head().Size
		second, too = m.asked(t, by, m.account["carl"], false, true)
	}
	if rapid.IntRange(0, 3).Draw(t, "elsewhere") == 0 {
		n, m.log = len(m.logins), m.store.Head().Size
		if m.login(t, account, true) {
			m.log = m.store.Head().Size
			_, err := m.Claim(m.ctx, m.logins[n], id)
			if m.same(t, "claim", m.logins[n], m.w.Claim(string(id), string(m.logins[n].Session)), err) {
				by = m.logins[n]
			}
		}
	}
	m.log = m.store.Head().Size
	m.begun(t, id, by, false)
	if too { // who acts for one does not start for another (I7, C4)
		m.log = m.store.Head().Size
		m.begun(t, second, by, false)
	}
}
