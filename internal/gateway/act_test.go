package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func TestActRefuses(t *testing.T) {
	g := newShop(t)
	for _, tc := range []struct {
		name, who string
		fields    []string
		status    int
		want      string
	}{
		{"nobody by that name", "staff/sam", []string{"subject=nobody"}, http.StatusNotFound, "unknown-person"},
		{"an empty subject", "staff/sam", []string{"subject="}, http.StatusNotFound, "unknown-person"},
		{"a blank subject", "staff/sam", []string{"subject= \t"}, http.StatusNotFound, "unknown-person"},
		{"two of the name", "staff/sam", []string{"directory="}, http.StatusConflict, `"candidates":[{"id":"prn_`},
		{"no code", "staff/sam", []string{"code="}, http.StatusForbidden, "second-factor"},
		{"a wrong code", "staff/sam", []string{"code=000000"}, http.StatusUnauthorized, "bad-proof"},
		{"an odd mode", "staff/sam", []string{"mode=root"}, http.StatusBadRequest, "mode"},
		{"an odd length", "staff/sam", []string{"for=soon"}, http.StatusBadRequest, "for"},
		{"a target elsewhere", "staff/sam", []string{"target=//evil.test/"}, http.StatusBadRequest, "target"},
		{"not in support", "staff/maya", nil, http.StatusForbidden, "policy"},
		{"a privileged account", "staff/sam", []string{"subject=omar", "directory=staff"}, http.StatusForbidden, ""},
		{"himself", "staff/sam", []string{"subject=sam.private"}, http.StatusForbidden, "self"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := g.enter(tc.who)
			a := v.act(tc.fields...)
			if a.StatusCode != tc.status || !strings.Contains(a.body, tc.want) {
				t.Errorf("%s %s", a.Status, a.body)
			}
			if s := v.get("/.stead/status"); !strings.Contains(s.body, `"acting":false`) {
				t.Errorf("acts all the same: %s", s.body)
			}
			v.post("/.stead/out", nil)
		})
	}
	if a := (&visitor{g: g}).post("/.stead/act", url.Values{"subject": {"dana"}}); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger: %s", a.Status)
	}
}

func TestActChoosesByAttribute(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")
	if a := sam.act("directory=", "attr.country=nowhere"); a.StatusCode != http.StatusNotFound {
		t.Errorf("%s %s", a.Status, a.body)
	}
}

// Chaining is refused by every door (C4, S-I6).
func TestNoChain(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	first := sam.last
	before := g.size()
	if a := sam.act("subject=erin"); a.StatusCode != http.StatusConflict {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if e := g.recorded(before, 1)[0]; e.Outcome != stead.No {
		t.Errorf("%+v", e.Event)
	}
	if a := sam.get("/.stead/status"); !strings.Contains(a.body, string(first)) {
		t.Errorf("%s", a.body)
	}
}

// Editing waits for somebody else, and says where to look.
func TestActWaits(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")
	if a := sam.act("mode=edit"); a.StatusCode != http.StatusAccepted || !strings.Contains(a.body, `"mandate":"man_`) ||
		!strings.Contains(a.body, "http://"+g.addr+"/.stead/status") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	again := sam.act("mode=edit") // the same request, not another one
	st := sam.get("/.stead/status", "Accept: application/json")
	if again.StatusCode != http.StatusAccepted || !strings.Contains(st.body, `"state":"asked"`) {
		t.Fatalf("%s %s, %s", again.Status, again.body, st.body)
	}
	maya := g.Login("staff/maya", "stead.test")
	waiting, err := g.Mandates(t.Context(), maya, false)
	if err != nil || len(waiting) != 1 || !strings.Contains(again.body, string(waiting[0].ID)) {
		t.Fatalf("%+v, %v", waiting, err)
	}
	if _, err := g.Approve(t.Context(), maya, waiting[0].ID, waiting[0].Digest, ""); err != nil {
		t.Fatal(err)
	}
	if st := sam.get("/.stead/status", "Accept: application/json"); !strings.Contains(st.body, `"state":"approved"`) {
		t.Errorf("%s", st.body)
	}
	if a := sam.act("mode=edit"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Stead-Acting") != string(waiting[0].ID) {
		t.Errorf("%s %s", a.Status, a.body)
	}
}

func TestActLands(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")
	if a := sam.act("target=/orders/7"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/orders/7" {
		t.Errorf("%s %s %s", a.Status, a.Header.Get("Location"), a.body)
	}
}

// Browsers start and extend on Stead's own origin only, and what they post is not read (R11).
func TestBrowsersStartElsewhere(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")
	before := g.size()
	for _, head := range [][]string{browser, script, {"Sec-Fetch-Site: none"}, {"Sec-Fetch-Storage-Access: active"}} {
		for _, path := range []string{"/.stead/act", "/.stead/extend"} {
			a := sam.post(path, url.Values{"subject": {"dana"}, "code": {g.Code("staff/sam")}}, head...)
			if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "http://127.0.0.1:8420/act?app=orders") {
				t.Errorf("%s %v: %s %s", path, head, a.Status, a.Header.Get("Location"))
			}
		}
	}
	a := sam.get("/.stead/act?target=//evil.test", browser...)
	if to, _ := url.Parse(a.Header.Get("Location")); to.Host != "127.0.0.1:8420" || to.Query().Get("target") != "/" {
		t.Errorf("%s", to)
	}
	if g.size() != before {
		t.Error("something was recorded, so something was read")
	}
}

// Acting is refused where browsers send no Sec-Fetch: plain http off loopback (R11).
func TestPlainHTTP(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), func(_, upstream string) []byte { return echo("orders.test", upstream) })
	in, err := g.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "sam", Password: "correct horse",
		Host: "orders.test", Address: "127.0.0.1", Client: mark()})
	if err != nil {
		t.Fatal(err)
	}
	send := func(line, body string) *http.Response {
		res, err := g.raw(line + " HTTP/1.1\r\nHost: orders.test\r\nUser-Agent: " + agent + "\r\nCookie: " + g.gw.Cookie.Name + "=" + in.Secret +
			"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := send("POST /.stead/act", "subject=dana"); res.StatusCode != http.StatusForbidden {
		t.Errorf("start: %s", res.Status)
	}
	m, err := g.Act(in.By, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil || m.State != stead.Active {
		t.Fatal(err)
	}
	if res := send("GET /look/a", ""); res.StatusCode != http.StatusForbidden || len(g.up.requests()) != 0 {
		t.Errorf("act: %s", res.Status)
	}
}
