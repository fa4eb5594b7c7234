package stead_test

import (
	"strings"
	"testing"

	. "github.com/steadhq/stead"
)

// R37: a mandate for one transaction holds nothing of another, is agreed to as such, and ends with it, begun or not.
func TestTransaction(t *testing.T) {
	w, wish := tasking()
	free, err := AskTask(wish, "report", w.f, w.v, terms(), noon)
	if err != nil || free.Scope.Transaction() != "" {
		t.Fatal(err)
	}
	wish.Scope.Conditions = map[string][]string{Transaction: {"refund-1"}}
	m, err := AskTask(wish, "report", w.f, w.v, terms(), noon)
	if err != nil || m.Scope.Transaction() != "refund-1" || m.Digest == free.Digest {
		t.Fatalf("%+v, %v", m, err)
	}
	over, err := CompleteTransaction(m, "service:desk", noon)
	if err != nil || over.State != Ended || over.Why != ReasonCompleted || over.EndedBy != "service:desk" {
		t.Errorf("what was not begun: %+v, %v", over, err)
	}
	if _, err := CompleteTransaction(over, "service:desk", noon); ReasonOf(err) != ReasonEnded {
		t.Errorf("twice: %v", err)
	}
	for _, id := range []string{"", " ", "a b", " a", "a\n", "a\u202eb", "a\u00a0b", "\xff", strings.Repeat("a", 129)} {
		wish.Scope.Conditions = map[string][]string{Transaction: {id}}
		if _, err := AskTask(wish, "report", w.f, w.v, terms(), noon); ReasonOf(err) != ReasonRequest {
			t.Errorf("%q: %v", id, err)
		}
	}
	wish.Scope.Conditions = map[string][]string{Transaction: {strings.Repeat("a", 128)}}
	if _, err := AskTask(wish, "report", w.f, w.v, terms(), noon); err != nil {
		t.Error(err)
	}
	if two := (Scope{Conditions: map[string][]string{Transaction: {"a", "b"}}}); two.Transaction() != "" {
		t.Error("two are one")
	}
}

// Passed on, it stays for that transaction.
func TestTransactionPassedOn(t *testing.T) {
	w, p := passing()
	w.f.Above[0].Mandate.Scope.Conditions = map[string][]string{Transaction: {"refund-1"}}
	m, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon)
	if err != nil || m.Scope.Transaction() != "refund-1" {
		t.Fatalf("%+v, %v", m.Scope, err)
	}
	p.Conditions = map[string][]string{Transaction: {"refund-2"}}
	if _, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon); ReasonOf(err) != ReasonScope {
		t.Errorf("for another: %v", err)
	}
	p.Conditions = map[string][]string{Transaction: {"refund 1"}}
	if _, err := Narrow(*w.f.Above[0].Mandate, p, w.f, w.v, terms(), noon); ReasonOf(err) != ReasonRequest {
		t.Errorf("for what has no name: %v", err)
	}
}
