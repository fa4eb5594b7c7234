package story

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
)

// rights are what is done without a session, or to the house itself.
var rights = map[string]func(s *story, who string, args []string) error{
	"signin": func(s *story, name string, _ []string) error {
		s.by[name] = s.h.Login(s.who(name), "stead.test")
		return nil
	},
	"sweep":   func(s *story, _ string, _ []string) error { return s.h.Sweep(s.Context()) },
	"restart": func(s *story, _ string, _ []string) error { s.h.Shut(); s.h.Open(); return nil },
	"jump": func(s *story, _ string, args []string) error {
		d, err := time.ParseDuration(args[0])
		s.h.Clock.Jump(d)
		return err
	},
}

type verb func(s *story, by authority.By, who, arg string, args []string) error

// verbs are what somebody signed in does.
var verbs = map[string]verb{
	"signout": func(s *story, by authority.By, _, _ string, _ []string) error { return s.h.SignOut(s.Context(), by) },
	"arm": func(s *story, by authority.By, who, arg string, _ []string) error {
		code := arg
		if code == "" {
			code = s.h.Code(who)
		}
		_, err := s.h.Arm(s.Context(), by, code)
		return err
	},
	"disarm": func(s *story, by authority.By, _, _ string, _ []string) error { return s.h.Disarm(s.Context(), by) },
	"find": func(s *story, by authority.By, _, arg string, args []string) error {
		l := authority.Lookup{Name: arg}
		if len(args) > 1 {
			l.Directory = args[1]
		}
		found, err := s.h.Find(s.Context(), by, l)
		if err == nil && len(found) > 1 {
			return stead.E(stead.Conflict, stead.ReasonAmbiguous, "%d people", len(found))
		}
		return err
	},
	"ask": func(s *story, by authority.By, _, arg string, args []string) error {
		w := authority.Ask{Subject: s.h.People[s.who(arg)].ID, App: "orders",
			Purpose: stead.Purpose{Reason: "wrong total", Ticket: "SUP-4711"}}
		if slices.Contains(args, "edit") {
			w.Mode = stead.Edit
		}
		if slices.Contains(args, "silently") {
			w.Purpose.Reason = ""
		}
		if slices.Contains(args, "badticket") {
			w.Purpose.Ticket = "soon"
		}
		m, err := s.h.Ask(s.Context(), by, w)
		if err == nil {
			s.mandates = append(s.mandates, m.ID)
		}
		return err
	},
	"approve": func(s *story, by authority.By, _, arg string, args []string) error {
		digest := ""
		if m, err := s.h.Mandate(s.Context(), by, s.id(arg)); err == nil {
			digest = m.Digest
		}
		if len(args) > 1 {
			digest = args[1]
		}
		_, err := s.h.Approve(s.Context(), by, s.id(arg), digest, "")
		return err
	},
	"refuse": func(s *story, by authority.By, _, arg string, _ []string) error {
		digest := ""
		if m, err := s.h.Mandate(s.Context(), by, s.id(arg)); err == nil {
			digest = m.Digest
		}
		_, err := s.h.Refuse(s.Context(), by, s.id(arg), digest, "not now")
		return err
	},
	"start": func(s *story, by authority.By, _, arg string, _ []string) error {
		_, err := s.h.Start(s.Context(), by, s.id(arg), "")
		return err
	},
	"extend": func(s *story, by authority.By, who, arg string, args []string) error {
		code := s.h.Code(who)
		if slices.Contains(args, "nocode") {
			code = ""
		}
		_, err := s.h.Extend(s.Context(), by, s.id(arg), "still looking", code)
		return err
	},
	"claim":    moves((*authority.Authority).Claim),
	"end":      moves((*authority.Authority).End),
	"withdraw": moves((*authority.Authority).Withdraw),
	"suspend":  says((*authority.Authority).Suspend, "is this him?"),
	"resume":   says((*authority.Authority).Resume, "it is"),
	"revoke":   says((*authority.Authority).Revoke, "enough"),
	"acknowledge": func(s *story, by authority.By, _, _ string, _ []string) error {
		return s.h.Acknowledge(s.Context(), by)
	},
	"read":   asks(stead.ActionRead),
	"write":  asks(stead.ActionWrite),
	"mark":   asks(stead.ActionMark),
	"watch":  asks(stead.ActionWatch),
	"export": asks(stead.ActionExport),
	"closed": asks(stead.ActionClosed),
	"disable": func(s *story, by authority.By, _, arg string, _ []string) error {
		yes := true
		return s.change(by, arg, authority.Edit{Disabled: &yes})
	},
	"delete": func(s *story, by authority.By, _, arg string, _ []string) error {
		yes := true
		return s.change(by, arg, authority.Edit{Deleted: &yes})
	},
	"erase": func(s *story, by authority.By, _, arg string, _ []string) error {
		return s.h.Erase(s.Context(), by, s.h.People[s.who(arg)].ID)
	},
	"groups": func(s *story, by authority.By, _, arg string, args []string) error {
		groups := args[1:]
		return s.change(by, arg, authority.Edit{Groups: &groups})
	},
	"stage": func(s *story, by authority.By, _, _ string, args []string) error {
		_, err := s.h.Stage(s.Context(), by, policy(args))
		return err
	},
	"apply": func(s *story, by authority.By, _, _ string, args []string) error {
		digest, err := s.h.Policy.Check(policy(args))
		if err != nil {
			return err
		}
		_, err = s.h.Apply(s.Context(), by, digest)
		return err
	},
	"timers": func(s *story, by authority.By, _, arg string, args []string) error {
		_, now, _ := s.h.Timers(s.Context(), by) // who may not read them tries all the same
		set := authority.TimersSet{File: arg == "file", Reason: "tried out", Version: now.Version}
		if slices.Contains(args, "late") {
			set.Version++
		}
		if d, err := time.ParseDuration(arg); err == nil {
			set.Timers = []authority.TimerText{{App: "orders", DefaultDuration: stead.Duration(d), MaxDuration: stead.Duration(d)}}
		}
		_, err := s.h.SetTimers(s.Context(), by, set)
		return err
	},
	"trustclock": func(s *story, by authority.By, _, _ string, _ []string) error {
		_, err := s.h.TrustClock(s.Context(), by)
		return err
	},
}

// policy is the default bundle, with one more file for each argument.
func policy(args []string) map[string]string {
	files := cedar.Default()
	for _, a := range args {
		switch a {
		case "closed":
			files["closed.cedar"] = "@id(\"nobody-acts\")\n@owner(\"security\")\nforbid (principal, action == Action::\"act\", resource);\n"
			for name := range files {
				if len(name) > 6 && name[:6] == "tests/" {
					delete(files, name)
				}
			}
		case "broken":
			files["broken.cedar"] = "permit (principal"
		}
	}
	return files
}

func (s *story) change(by authority.By, whom string, e authority.Edit) error {
	_, err := s.h.Change(s.Context(), by, s.h.People[s.who(whom)].ID, e)
	return err
}

func moves(f func(*authority.Authority, context.Context, authority.By, stead.MandateID) (stead.Mandate, error)) verb {
	return func(s *story, by authority.By, _, arg string, _ []string) error {
		_, err := f(s.h.Authority, s.Context(), by, s.id(arg))
		return err
	}
}

// says is moves where a reason is given.
func says(move func(*authority.Authority, context.Context, authority.By, stead.MandateID, string) (stead.Mandate, error), why string) verb {
	return moves(func(a *authority.Authority, ctx context.Context, by authority.By, id stead.MandateID) (stead.Mandate, error) {
		return move(a, ctx, by, id, why)
	})
}

// asks puts a question under the mandate of the session, or, where the line says "as himself" or there is none, for
// oneself.
func asks(a stead.Action) verb {
	return func(s *story, by authority.By, _, arg string, args []string) error {
		q := s.h.Question(by, stead.Mandate{}, a, arg)
		if len(args) > 1 && args[1] != "himself" {
			m, err := s.h.Mandate(s.Context(), by, s.id(args[1]))
			if err != nil {
				return err
			}
			q = s.h.Question(by, m, a, arg)
		}
		if r, ok := s.h.Settings.App("orders").RealmAt(arg); ok {
			q.Resource.Realm = r.ID
		}
		d, err := s.h.Decide(s.Context(), q)
		if err == nil && !d.Allow {
			err = stead.E(stead.Refused, d.Reason, "%s", d.Text)
		}
		if q.Mandate == "" {
			s.h.Flush()
		}
		return err
	}
}
