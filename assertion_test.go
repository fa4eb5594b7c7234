package stead

import "testing"

func TestAssertion(t *testing.T) {
	self := Assertion{Issuer: "i", Audience: "orders", Subject: "prn_s", Method: "GET", URL: "http://h/", ID: "dec_1", Issued: 10, After: 10, Before: 70}
	acting := self
	acting.Act, acting.Mandate, acting.Mode = &ActedBy{Subject: "prn_a", Act: &ActedBy{Subject: "prn_b"}}, "man_1", ReadOnly
	if self.Whole() != nil || acting.Whole() != nil {
		t.Fatalf("whole ones are refused: %v %v", self.Whole(), acting.Whole())
	}
	if self.Actor() != "prn_s" || acting.Actor() != "prn_a" {
		t.Errorf("actors %s, %s", self.Actor(), acting.Actor())
	}
	for name, edit := range map[string]func(*Assertion){
		"no issuer":   func(a *Assertion) { a.Issuer = "" },
		"no audience": func(a *Assertion) { a.Audience = "" },
		"no subject":  func(a *Assertion) { a.Subject = "" },
		"no method":   func(a *Assertion) { a.Method = "" },
		"no URL":      func(a *Assertion) { a.URL = "" },
		"no decision": func(a *Assertion) { a.ID = "" },
		"no iat":      func(a *Assertion) { a.Issued = 0 },
		"no nbf":      func(a *Assertion) { a.After = 0 },
		"no exp":      func(a *Assertion) { a.Before = 0 },
		"exp first":   func(a *Assertion) { a.Before = 10 },
		"no act":      func(a *Assertion) { a.Act = nil },
		"no mandate":  func(a *Assertion) { a.Mandate = "" },
		"no mode":     func(a *Assertion) { a.Mode = "" },
		"other mode":  func(a *Assertion) { a.Mode = "root" },
		"no actor":    func(a *Assertion) { a.Act = &ActedBy{} },
		"himself":     func(a *Assertion) { a.Act = &ActedBy{Subject: "prn_a", Act: &ActedBy{Subject: "prn_s"}} },
		"a long chain": func(a *Assertion) {
			for range 9 {
				a.Act = &ActedBy{Subject: "prn_a", Act: a.Act}
			}
		},
	} {
		bad := acting
		edit(&bad)
		if KindOf(bad.Whole()) != Invalid {
			t.Errorf("%s: %v", name, bad.Whole())
		}
	}
}
