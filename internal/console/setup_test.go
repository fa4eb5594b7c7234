package console

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// firstAdmin is a new house in memory: one link, one administrator.
type firstAdmin struct {
	demo bool
	made authority.NewPerson
	used bool
}

func (f *firstAdmin) Demo(_ context.Context, token string) (bool, error) {
	switch {
	case token != "7kq":
		return false, stead.E(stead.Refused, stead.ReasonBadProof, "this link is none of ours")
	case f.used:
		return false, stead.E(stead.Conflict, stead.ReasonUsed, "this link was used before")
	}
	return f.demo, nil
}

func (f *firstAdmin) Redeem(ctx context.Context, token string, _ authority.Presented) (authority.Signed, error) {
	_, err := f.Demo(ctx, token)
	f.used = f.used || err == nil
	return authority.Signed{Secret: "stp_new"}, err
}

func (f *firstAdmin) First(ctx context.Context, token string, p authority.NewPerson) (Secret, error) {
	if _, err := f.Demo(ctx, token); err != nil {
		return Secret{}, err
	}
	if strings.Contains(p.Name, " ") {
		return Secret{}, stead.E(stead.Invalid, stead.ReasonRequest, "a name has no spaces")
	}
	f.made = p
	return Secret{"GEZDGNBVGY3TQOJQ", "otpauth://totp/Stead:root?secret=GEZDGNBVGY3TQOJQ"}, nil
}

func (f *firstAdmin) Finish(ctx context.Context, token, code string, p authority.Presented) (authority.Signed, error) {
	if code != "123456" {
		return authority.Signed{}, stead.E(stead.Refused, stead.ReasonSecondFactor, "this code does not fit")
	}
	return f.Redeem(ctx, token, p)
}

func TestSetup(t *testing.T) {
	c := house().console()
	f := &firstAdmin{}
	c.Setup = f
	h := serve(t, c)
	post := func(target, form string) (int, string, string, string) {
		q, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		res, body := answer(h, browse("POST", target, q))
		return res.StatusCode, res.Header.Get("Location"), pass(res), body
	}
	if res, body := answer(h, browse("GET", "/setup?token=7kq", nil)); res.StatusCode != 200 || !strings.Contains(body, "Make the first administrator") || pass(res) != "" || f.used {
		t.Fatalf("the form: %d\n%s", res.StatusCode, body)
	}
	const good = "token=7kq&name=root&shown=Root&directory=staff&password=four+small+words&again=four+small+words"
	for form, want := range map[string]string{
		strings.ReplaceAll(good, "four+small+words", "short"): "at least 12 characters",
		strings.Replace(good, "again=four", "again=five", 1):  "The two passwords differ",
		strings.Replace(good, "name=root", "name=ro+ot", 1):   "no spaces",
	} {
		if status, _, _, body := post("/setup", form); status != 400 || !strings.Contains(body, want) || strings.Contains(body, "four small words") {
			t.Errorf("%s: %d, want %q\n%s", form, status, want, body)
		}
	}
	if status, _, _, _ := post("/setup", strings.Replace(good, "7kq", "xxx", 1)); status != 401 {
		t.Errorf("another token: %d", status)
	}
	status, _, _, body := post("/setup", good)
	if status != 200 || !strings.Contains(body, "GEZD GNBV GY3T QOJQ") || !strings.Contains(body, "otpauth://totp/") || f.made.Name != "root" || f.made.Directory != "staff" {
		t.Fatalf("the secret: %d %+v\n%s", status, f.made, body)
	}
	if status, _, key, body := post("/setup/code", "token=7kq&code=000000"); status != 403 || key != "" || !strings.Contains(body, "This code does not fit") {
		t.Errorf("a wrong code: %d %s", status, body)
	}
	if status, to, key, _ := post("/setup/code", "token=7kq&code=123456"); status != 303 || to != "/" || key != "stp_new" {
		t.Errorf("the right code: %d to %s with %q", status, to, key)
	}
	if status, _, _, _ := post("/setup/code", "token=7kq&code=123456"); status != 409 {
		t.Errorf("the link again: %d", status)
	}
	if res, _ := answer(h, browse("GET", "/setup?token=7kq", nil)); res.StatusCode != 409 {
		t.Errorf("the form again: %d", res.StatusCode)
	}
}

func TestSetupDemo(t *testing.T) {
	c := house().console()
	c.Setup = &firstAdmin{demo: true}
	h := serve(t, c)
	if res, _ := answer(h, browse("GET", "/setup?token=7kq", nil)); res.StatusCode != 303 || res.Header.Get("Location") != "/" || pass(res) != "stp_new" {
		t.Errorf("%d, pass %q", res.StatusCode, pass(res))
	}
	if res, _ := answer(h, browse("GET", "/setup?token=7kq", nil)); res.StatusCode != 409 || pass(res) != "" {
		t.Errorf("again: %d", res.StatusCode)
	}
	if res, _ := answer(h, browse("GET", "/setup?token=", nil)); res.StatusCode != 401 {
		t.Errorf("no token: %d", res.StatusCode)
	}
}
