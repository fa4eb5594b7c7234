package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// waiting is a house in which a request of Sam's waits for Omar's yes.
func waiting() *verbs {
	a := house()
	a.mandates["man_1"] = wanted(stead.Asked)
	return a
}

func ended() *verbs {
	a := house()
	a.mandates["man_1"], a.events = wanted(stead.Ended), story1()
	return a
}

func (a *verbs) refusing(verb string, err error) *verbs {
	a.no[verb] = err
	return a
}

func (a *verbs) with(f func(*verbs)) *verbs {
	f(a)
	return a
}

var (
	errReadOnly = stead.E(stead.Refused, stead.ReasonPolicy, "no rule of the policy permits this")
	errCode     = stead.E(stead.Refused, stead.ReasonSecondFactor, "give the code of your second factor")
	errNobody   = stead.E(stead.Missing, stead.ReasonUnknown, "nobody by that name may be acted for")
	errGone     = stead.E(stead.Conflict, stead.ReasonVoid, "what you saw is not what is asked now: look again")
	errMissing  = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate")
	errProof    = stead.E(stead.Refused, stead.ReasonBadProof, "this code is wrong")
	errNotArmed = stead.E(stead.Refused, stead.ReasonNotArmed, "arm acting first")
)

func TestPages(t *testing.T) {
	for name, c := range map[string]struct {
		house  *verbs
		target string
		status int
		has    []string
		hasNot []string
		asked  []string
	}{
		"home": {house(), "/", 200, []string{"Hello, Sam Okafor", "Act for somebody", "act for nobody", "Ready to start", "When somebody&#39;s request needs your yes", "Sign out"},
			[]string{"End acting"}, []string{"mandates false"}},
		"home while acting":   {house().acts(), "/", 200, []string{"Sam Okafor → Dana Reyes", ">9 min</span> left", "End acting"}, nil, []string{"mandates false"}},
		"home of an approver": {waiting().is(omar), "/", 200, []string{`href="/requests/man_1"`}, nil, []string{"mandates false"}},
		"home of the subject": {house().is(dana).with(func(a *verbs) { a.mandates["man_1"] = wanted(stead.Active) }), "/", 200, []string{"Who acts as you", "In force"}, nil, []string{"mandates false"}},
		"an end not yet seen": {ended().with(func(a *verbs) { a.st.Unseen = stead.Unseen{Mandate: "man_1"} }), "/", 200,
			[]string{"Acting has ended", `action="/end/seen"`, "I have seen it"}, nil, []string{"mandates false"}},
		"arm first":       {house(), "/act?name=dana", 200, []string{"First make sure that it is you", `action="/act/arm"`, `name="name" value="dana"`}, []string{`name="subject"`}, nil},
		"search":          {house().armed(), "/act", 200, []string{"Name or account", "never guessed", "Searches are written down"}, []string{`name="subject"`}, []string{"events  prn_sam  [mandate.asked] ok  0"}},
		"several":         {house().armed(), "/act?name=dana", 200, []string{"Several are called that", "customers/dana", "staff/dana", "city Leeds, customer C-1007"}, []string{`name="subject" value="prn_dana" checked`}, []string{"find dana  map[]"}},
		"one":             {house().armed().with(func(a *verbs) { a.found = a.found[:1] }), "/act?name=dana&directory=customers&attr=city%3DLeeds", 200, []string{"This person", "checked"}, []string{"Several"}, []string{"find dana customers map[city:Leeds]"}},
		"nobody":          {house().armed().refusing("find", errNobody).with(func(a *verbs) { a.found = nil }), "/act?name=x", 200, []string{"nobody by that name", "Write the whole name"}, []string{`name="subject"`}, []string{"find x  map[]"}},
		"acting already":  {house().armed().acts(), "/act", 303, nil, nil, nil},
		"ready":           {house(), "/act/man_1", 200, []string{"Ready to start", "SUP-4711", "10 min, and up to 3 extensions: 40 min at most", `action="/act/man_1/start"`, "Withdraw"}, nil, nil},
		"waits":           {waiting(), "/act/man_1", 200, []string{"Waiting for a yes", "One person of staff/security or staff/managers", "Withdraw"}, []string{"/start"}, nil},
		"over":            {ended(), "/act/man_1", 200, []string{"It did not begin", "/act?app=orders"}, []string{"Withdraw"}, nil},
		"not mine":        {house().is(omar), "/act/man_1", 303, nil, nil, nil},
		"acting":          {house().acts(), "/acting", 200, []string{"You act for Dana Reyes", "Go to Acme Orders", "Extensions left", "More time"}, nil, nil},
		"no extension":    {house().acts().with(func(a *verbs) { a.st.ExtensionsLeft = 0 }), "/acting", 200, []string{"No extension is left"}, []string{"/acting/extend"}, nil},
		"soon over":       {house().acts().with(func(a *verbs) { a.st.WarnAt = noon }), "/acting", 200, []string{"It is over in 9 min", "nearly over"}, nil, nil},
		"acting no more":  {house(), "/acting", 303, nil, nil, nil},
		"after the end":   {ended(), "/end?mandate=man_1", 200, []string{"You are yourself again", "1 start", "2 requests", "1 refused", "Sam Okafor → Dana Reyes", "To Acme Orders as yourself"}, nil, []string{"events man_1   []   0"}},
		"not ended":       {house(), "/end?mandate=man_1", 303, nil, nil, nil},
		"inbox":           {waiting().is(omar), "/requests", 200, []string{`href="/requests/man_1"`}, []string{"Nothing waits"}, []string{"mandates false"}},
		"empty inbox":     {house().is(omar).with(func(a *verbs) { a.mandates = nil }), "/requests", 200, []string{"Nothing waits for you. Requests come here when a policy names a group of yours"}, nil, []string{"mandates false"}},
		"request in hand": {waiting().is(omar).refusing("would mandate.approve", errHand), "/requests/man_1", 200, []string{"Sam made omar.", "Say something"}, []string{"/approve"}, nil},
		"inbox in hand":   {waiting().is(omar).refusing("would mandate.approve", errHand), "/requests", 200, []string{"Nothing waits for you"}, nil, []string{"mandates false"}},
		"request":         {waiting().is(omar), "/requests/man_1", 200, []string{"May Sam Okafor act for Dana Reyes?", "0f1e2d3c 0f1e2d3c", `name="digest" value="0f1e2d3c`, "support-views-customers", "Approve", "Refuse"}, nil, nil},
		"own request":     {waiting(), "/requests/man_1", 200, []string{"Nobody approves his own"}, []string{"Approve"}, nil},
		"about me":        {waiting().is(dana), "/requests/man_1", 200, []string{"Who is acted for does not approve it"}, []string{">Approve<"}, nil},
		"no such request": {house().is(omar), "/requests/man_9", 404, []string{"There is no such mandate"}, nil, nil},
		"mandates":        {house(), "/mandates", 200, []string{"Ready to start"}, []string{"Everybody"}, []string{"mandates false"}},
		"all mandates":    {house().is(omar, authority.Security), "/mandates?all=1", 200, []string{"Everybody"}, nil, []string{"mandates true"}},
		"story": {ended(), "/mandates/man_1", 200, []string{"Sam Okafor → Dana Reyes", "was refused", "read-only", "“Order 7 · Acme Orders”", "18.4 kB", "/why/dec_3"},
			[]string{"Revoke now"}, []string{"events man_1   []   0"}},
		"story for the subject": {house().is(dana).with(func(a *verbs) { a.mandates["man_1"] = wanted(stead.Active) }), "/mandates/man_1", 200, []string{"Revoke now"}, nil, []string{"events man_1   []   0"}},
		"me": {house().is(dana).with(func(a *verbs) {
			a.events = story1()
			a.sessions = []stead.Session{{ID: "ses_1", Principal: dana, Since: noon, Until: noon.Add(time.Hour), Level: 2}, {ID: "ses_9", Principal: sam, Since: noon}}
		}), "/me", 200, []string{"What others did as you", "Sam Okafor → Dana Reyes", "/me/sessions/ses_1/end", "password and code"}, []string{"ses_9"}, []string{"mandates false", "events   prn_dana [mandate. request.]   0", "events  prn_dana  []   0", "events  prn_dana  [factor.set] ok  0"}},
		"nobody acted as me": {house(), "/me", 200, []string{"Nobody has acted as you"}, nil, []string{"mandates false", "events   prn_sam [mandate. request.]   0", "events  prn_sam  []   0", "events  prn_sam  [factor.set] ok  0"}},
		"why refused": {house().with(func(a *verbs) {
			a.why = authority.Reasoning{Event: story1()[5], Decision: stead.Decision{Text: "this mandate is read-only", Obligations: stead.Obligations{Advice: []string{"Ask for edit"}}},
				Explanation: authority.Explanation{Nearest: &authority.RuleTrace{ID: "support-edits", True: 2, Failed: []string{"resource.consent"}}}}
		}), "/why/dec_3", 200, []string{"Why was this refused?", "This mandate is read-only.", "support-edits", "resource.consent", "2 other clauses did", "Ask for edit", "/mandates/man_1"}, nil, []string{"why dec_3"}},
		"why allowed": {house().with(func(a *verbs) {
			a.why = authority.Reasoning{Event: story1()[2], Same: true, Explanation: authority.Explanation{Rules: []authority.RuleTrace{{ID: "support-views", Effect: "permit"}}}}
		}), "/why/dec_1", 200, []string{"Why was this allowed?", "support-views", "said yes"}, nil, []string{"why dec_1"}},
		"why allowed, not to be asked again": {house().with(func(a *verbs) {
			a.why = authority.Reasoning{Event: story1()[2], Decision: stead.Decision{Text: "it cannot be asked again"}}
		}), "/why/dec_1", 200, []string{"Why was this allowed?", "It cannot be asked again."}, []string{"said yes"}, []string{"why dec_1"}},
		"people":          {house().is(omar, authority.Admin), "/people?name=da", 200, []string{`href="/people/prn_dana"`, "customers/dana"}, nil, []string{"people-page da"}},
		"people, no role": {house(), "/people", 404, nil, []string{"customers/dana"}, nil},
		"trail": {house().is(omar, authority.Auditor).with(func(a *verbs) { a.events = story1() }), "/audit?kind=request.&outcome=refused&text=total&mandate=man_1&actor=prn_sam&before=99", 200,
			[]string{"Sam Okafor → Dana Reyes", "POST /orders/7", "/why/dec_3"}, nil, []string{"events man_1 prn_sam  [request.] refused total 99", "counted [total] 0 98", "events man_1 prn_sam  [request.] refused total 0"}},
		"trail, no role":       {house(), "/audit", 404, nil, []string{"asked to act"}, nil},
		"trail, nothing fits":  {house().is(omar, authority.Auditor), "/audit", 200, []string{"No event fits"}, nil, []string{"events    []   0", "counted [] 0 0"}},
		"trail, two of a name": {house().is(omar, authority.Auditor), "/audit?actor=dana", 400, []string{"Several are called", "customers/dana, staff/dana"}, nil, []string{"people dana"}},
		"trail, by account":    {house().is(omar, authority.Auditor).with(func(a *verbs) { a.found = a.found[:1] }), "/audit?subject=customers/dana", 200, nil, nil, []string{"people dana customers", "events   prn_dana []   0", "counted [] 0 0"}},
		"trail, no such day":   {house().is(omar, authority.Auditor), "/audit?from=yesterday", 400, []string{"is no time"}, nil, nil},
		"nothing there":        {house(), "/nowhere", 404, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := answer(serve(t, c.house.console()), browse("GET", c.target, nil))
			if res.StatusCode != c.status {
				t.Fatalf("status %d, want %d\n%s", res.StatusCode, c.status, body)
			}
			for _, part := range c.has {
				if !strings.Contains(body, part) {
					t.Errorf("the page lacks %q", part)
				}
			}
			for _, part := range c.hasNot {
				if strings.Contains(body, part) {
					t.Errorf("the page holds %q", part)
				}
			}
			if d := cmp.Diff(c.asked, c.house.asked); d != "" {
				t.Errorf("verbs: %s", d)
			}
			if t.Failed() {
				t.Log(body)
			}
		})
	}
}

func TestForms(t *testing.T) {
	wish := "subject=prn_dana&app=orders&reason=wrong+total&ticket=SUP-1&mode=read-only&for=10m&target=%2Forders%2F7&name=dana"
	for name, c := range map[string]struct {
		house  *verbs
		target string
		form   string
		status int
		to     string // Location
		pass   string // of the cookie afterwards; "" keeps the old one
		has    string
		asked  []string
	}{
		"arm":              {house(), "/act/arm", "code=123456&name=dana", 303, "/act?name=dana", "", "", []string{"arm 123456"}},
		"arm, wrong code":  {house().refusing("arm", errProof), "/act/arm", "code=1&name=dana", 401, "", "", `action="/act/arm"`, []string{"arm 1"}},
		"arm, no code":     {house().refusing("arm", errCode), "/act/arm", "code=", 403, "", "", "Give the code of your second factor", []string{"arm"}},
		"disarm":           {house(), "/act/disarm", "", 303, "/", "", "", []string{"disarm"}},
		"ask":              {house().armed(), "/act/ask", wish, 303, "/act/man_1", "", "", []string{"ask prn_dana orders read-only 10m0s wrong total SUP-1 /orders/7"}},
		"ask, no person":   {house().armed(), "/act/ask", "app=orders&reason=x&name=dana", 400, "", "", "Choose one person", []string{"find dana  map[]"}},
		"ask, refused":     {house().armed().refusing("ask", errReadOnly), "/act/ask", wish, 403, "", "", "wrong total</textarea>", []string{"ask prn_dana orders read-only 10m0s wrong total SUP-1 /orders/7", "find dana  map[]"}},
		"ask, not armed":   {house().refusing("ask", errNotArmed), "/act/ask", wish, 403, "", "", "Arm acting first", []string{"ask prn_dana orders read-only 10m0s wrong total SUP-1 /orders/7"}},
		"ask, bad length":  {house().armed(), "/act/ask", strings.Replace(wish, "10m", "long", 1), 400, "", "", "is no length of time", []string{"find dana  map[]"}},
		"ask, bad target":  {house().armed(), "/act/ask", strings.Replace(wish, "%2Forders%2F7", "%2F%2Fevil.example", 1), 400, "", "", "is a path of the application", []string{"find dana  map[]"}},
		"start":            {house(), "/act/man_1/start", "code=123456", 303, "http://127.0.0.1:8421/.stead/in?code=one-time&next=%2Forders%2F7", "stp_new", "", []string{"start man_1 123456", "rotate", "hand 127.0.0.1:8421"}}, // B2
		"start, no code":   {house().refusing("start", errCode), "/act/man_1/start", "", 403, "", "", "Give the code of your second factor", []string{"start man_1"}},
		"start, not mine":  {house().refusing("start", errMissing), "/act/man_9/start", "", 404, "", "", "There is no such mandate", []string{"start man_9"}},
		"withdraw":         {waiting(), "/act/man_1/withdraw", "", 303, "/act/man_1", "", "", []string{"withdraw man_1"}},
		"extend":           {house().acts(), "/acting/extend", "reason=still+wrong&code=", 303, "/acting", "", "", []string{"extend man_1 still wrong"}},
		"extend, refused":  {house().acts().refusing("extend", errReadOnly), "/acting/extend", "reason=more", 403, "", "", "No rule of the policy permits this", []string{"extend man_1 more"}},
		"extend, over":     {house(), "/acting/extend", "reason=more", 409, "", "", "it has ended already", nil},                           // C8
		"end":              {house().acts(), "/acting/end", "", 303, "/end?mandate=man_1", "stp_new", "", []string{"end man_1", "rotate"}}, // B2
		"end twice":        {house(), "/acting/end", "", 409, "", "", "You act for nobody now", nil},
		"go":               {house().acts(), "/acting/go", "", 303, "http://127.0.0.1:8421/.stead/in?code=one-time&next=%2Forders%2F7", "", "", []string{"hand 127.0.0.1:8421"}},
		"go, over":         {house(), "/acting/go", "", 409, "", "", "", nil},
		"seen":             {ended(), "/end/seen", "", 303, "/", "", "", []string{"acknowledge"}},
		"approve":          {waiting().is(omar), "/requests/man_1/approve", "digest=0f1e&comment=fine", 303, "/requests/man_1", "", "", []string{"approve man_1 0f1e fine"}},
		"approve, changed": {waiting().is(omar).refusing("approve", errGone), "/requests/man_1/approve", "digest=0&comment=my+words", 409, "", "", "my words</textarea>", []string{"approve man_1 0 my words"}}, // S-I8
		"refuse":           {waiting().is(omar), "/requests/man_1/refuse", "digest=0f1e&comment=no", 303, "/requests/man_1", "", "", []string{"refuse man_1 0f1e no"}},
		"comment":          {waiting().is(omar), "/requests/man_1/comment", "text=which+tables%3F", 303, "/requests/man_1#said", "", "", []string{"comment man_1 which tables?"}},
		"comment, refused": {waiting().is(omar).refusing("comment", errGone), "/requests/man_1/comment", "text=my+words", 409, "", "", "my words", []string{"comment man_1 my words"}},
		"revoke":           {house().is(dana), "/mandates/man_1/revoke", "reason=stop", 303, "/mandates/man_1", "", "", []string{"revoke man_1 stop"}},
		"revoke another's": {house().is(omar, authority.Security), "/mandates/man_1/revoke", "reason=stop&typed= sam", 303, "/mandates/man_1", "", "", []string{"revoke man_1 stop"}},
		"revoke, no name":  {house().is(omar, authority.Security), "/mandates/man_1/revoke", "reason=stop&typed=dana", 400, "", "", "Type the account name, sam", []string{"events man_1   []   0"}},
		"revoke, refused":  {house().is(dana).refusing("revoke", errGone), "/mandates/man_1/revoke", "", 409, "", "", "look again", []string{"revoke man_1", "events man_1   []   0"}},
		"end a session":    {house(), "/me/sessions/ses_2/end", "", 303, "/me", "", "", []string{"end-session ses_2"}},
		"end this session": {house(), "/me/sessions/ses_1/end", "", 303, "/login?out=1", "gone", "", []string{"end-session ses_1"}},
		"a field twice":    {house(), "/act/arm", "code=1&code=2", 400, "", "", "given twice", nil},
		"our own fault":    {house().refusing("arm", errors.New("disk")), "/act/arm", "code=1", 500, "", "", "Nothing was done", []string{"arm 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			res, body := answer(serve(t, c.house.console()), browse("POST", c.target, form))
			if res.StatusCode != c.status || res.Header.Get("Location") != c.to {
				t.Fatalf("%d to %q, want %d to %q\n%s", res.StatusCode, res.Header.Get("Location"), c.status, c.to, body)
			}
			if !strings.Contains(body, c.has) {
				t.Errorf("the page lacks %q:\n%s", c.has, body)
			}
			if d := cmp.Diff(c.asked, c.house.asked); d != "" {
				t.Errorf("verbs: %s", d)
			}
			if got := pass(res); got != c.pass && c.status != 500 {
				t.Errorf("pass %q, want %q", got, c.pass)
			}
		})
	}
}

// pass is what a response makes of the pass: "" leaves it.
func pass(res *http.Response) string {
	for _, k := range res.Cookies() {
		if k.Name == "stead_8420" && k.MaxAge < 0 {
			return "gone"
		}
		if k.Name == "stead_8420" {
			return k.Value
		}
	}
	return ""
}

// Who is not signed in is led to the form, with the way back where that is a page; programs get the no.
func TestNobody(t *testing.T) {
	for target, want := range map[string]string{"/act?name=dana": "/login?next=%2Fact%3Fname%3Ddana", "/audit": "/login?next=%2Faudit"} {
		r := browse("GET", target, nil)
		r.Header.Del("Cookie")
		if res, _ := answer(serve(t, house().console()), r); res.StatusCode != 303 || res.Header.Get("Location") != want {
			t.Errorf("%s: %d %s", target, res.StatusCode, res.Header.Get("Location"))
		}
		r.Header.Set("Accept", "application/json")
		if res, body := answer(serve(t, house().console()), r); res.StatusCode != 401 || !strings.Contains(body, `"reason_code":"sign-in"`) {
			t.Errorf("%s: %d %s", target, res.StatusCode, body)
		}
	}
	r := browse("POST", "/acting/end", url.Values{})
	r.Header.Del("Cookie")
	if res, _ := answer(serve(t, house().console()), r); res.Header.Get("Location") != "/login?next=%2F" {
		t.Errorf("a form: %s", res.Header.Get("Location"))
	}
	// B1: a pass from another browser, and whatever else is wrong with a session, is no session.
	for _, reason := range []stead.Reason{stead.ReasonOtherClient, stead.ReasonSessionIdle, stead.ReasonSessionOver} {
		a := house()
		a.session = stead.E(stead.Refused, reason, "sign in here")
		res, _ := answer(serve(t, a.console()), browse("GET", "/me", nil))
		if res.StatusCode != 303 || len(a.asked) > 0 {
			t.Errorf("%s: %d, %v", reason, res.StatusCode, a.asked)
		}
	}
}

// Waiting and acting pages come again by themselves; pages with a form to fill in do not lose what was typed.
func TestRefresh(t *testing.T) {
	for _, c := range []struct {
		house        *verbs
		target, want string
	}{
		{waiting(), "/act/man_1", "5"}, {house(), "/act/man_1", ""}, {house().acts(), "/acting", "481"},
		{house().acts().with(func(a *verbs) { a.st.WarnAt = noon }), "/acting", "541"},
	} {
		if res, _ := answer(serve(t, c.house.console()), browse("GET", c.target, nil)); res.Header.Get("Refresh") != c.want {
			t.Errorf("%s: Refresh %q, want %q", c.target, res.Header.Get("Refresh"), c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "no time", 48 * time.Second: "48 s", 60 * time.Second: "1 min", 90 * time.Second: "1 min 30 s", time.Hour: "1 h",
		90 * time.Minute: "1 h 30 min", 72 * time.Hour: "3 days", time.Hour + time.Second: "1 h",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestDemoHelps(t *testing.T) {
	c := house().console()
	c.Demo = tour{}
	_, body := answer(serve(t, c), browse("GET", "/", nil))
	if !strings.Contains(body, "Four steps") || !strings.Contains(body, "Act as Dana") {
		t.Error("the tour is missing")
	}
	never := house().with(func(a *verbs) { a.never = true }).console()
	never.Demo = tour{}
	if _, body = answer(serve(t, never), browse("GET", "/", nil)); strings.Contains(body, "Four steps") {
		t.Error("a tour for who cannot take it")
	}
	if _, body = answer(serve(t, c), browse("GET", "/act", nil)); !strings.Contains(body, "would show 492118 now") {
		t.Error("the code is missing")
	}
}

type tour struct{}

func (tour) CodeOf(stead.PrincipalID) string { return "492118" }
func (tour) Tour() []Step {
	return slices.Repeat([]Step{{Title: "Act as Dana", Href: "/act?name=dana"}}, 4)
}
