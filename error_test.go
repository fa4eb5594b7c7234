package stead_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	. "github.com/steadhq/stead"
)

func TestErrors(t *testing.T) {
	no := E(Refused, ReasonLevel, "prove %s", "it")
	caused := E(Broken, ReasonRecord, "the record failed: %w", io.ErrUnexpectedEOF)
	for _, c := range []struct {
		err    error
		kind   Kind
		reason Reason
		text   string
	}{
		{nil, "", ReasonNone, ""},
		{no, Refused, ReasonLevel, "prove it"},
		{fmt.Errorf("start: %w", no), Refused, ReasonLevel, "start: prove it"},
		{Because(no, "start"), Refused, ReasonLevel, "start: prove it"},
		{Because(nil, "start"), "", ReasonNone, ""},
		{Because(io.EOF, "read"), Broken, ReasonBroken, "read: EOF"},
		{io.EOF, Broken, ReasonBroken, "EOF"},
		{caused, Broken, ReasonRecord, "the record failed: unexpected EOF"},
	} {
		if KindOf(c.err) != c.kind || ReasonOf(c.err) != c.reason {
			t.Errorf("%v: %s, %s", c.err, KindOf(c.err), ReasonOf(c.err))
		}
		if c.err != nil && c.err.Error() != c.text {
			t.Errorf("%q, want %q", c.err, c.text)
		}
	}
	if !errors.Is(caused, io.ErrUnexpectedEOF) || caused.Text != "the record failed" {
		t.Errorf("the cause is lost, or told to the caller: %+v", caused)
	}
	if !errors.Is(Because(io.EOF, "read"), io.EOF) {
		t.Error("Because loses the cause")
	}
}

func TestNoErrorIsFree(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = KindOf(nil), ReasonOf(nil) }); n != 0 {
		t.Errorf("asking for the kind of no error allocates %v times", n)
	}
}
