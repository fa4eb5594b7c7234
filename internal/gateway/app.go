package gateway

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// An App is an application behind the gateway: what the rest of Stead knows of it, where it is, what it is told, and
// what its requests mean.
type App struct {
	stead.App
	Upstream   *url.URL
	Reach      Reach      // how it is reached there
	Forward    bool       // others' proxies stand before it and ask (ForwardAuth); it has no upstream
	Shared     bool       // acting happens on its own host, not on a host of the mandate's (R24)
	OriginSaid bool       // the file says which of the two; else it is for the server to choose
	Headers    []Header   // identity under the application's own names, beside X-Stead-*
	Allows     web.Tokens // oddities its paths need: "//", ";", "%2f"
	Title      string     // response header that names the page, where the application sends one
	Rules      []Rule     // the first that matches counts; what none matches is a write

	ByMode        map[stead.Mode]Identity // while somebody acts in a mode, another account than Headers and Basic tell
	Basic         *Account                // sent as Basic authentication
	Assertion     string                  // header that carries the signed assertion, beside X-Stead-Assertion
	AssertionAlg  stead.Algorithm         // that it is signed with; "" is EdDSA
	ByMethod      string                  // why GET and HEAD count as reads where no rule matches; "" is the allow-list
	ScriptCookies []string                // globs: cookies that scripts of the application read or write
	Reaches       []string                // other origins that its pages may call, post to and frame while somebody acts
	Replay        []string                // what an acting browser repeats of the subject's own: "accept-language", "cookie:NAME"
	Whoami        *Whoami                 // whom the application thinks it serves
	Banner        Banner                  // how its pages say for whom somebody acts
	Clicks        bool                    // what browsers say was clicked while somebody acts is recorded
	FirstVisit    string                  // refuse, warn or allow acting for who never signed in here; "" is warn
	Secrets       []*regexp.Regexp        // standing secrets, hidden in bodies while somebody acts; a group is what is hidden
	AtEnd         []Step                  // what closes the application's session at the end; none leaves it open
	Tests         []Test                  // what its rules must say
}

// An Identity is how an application is told who is there.
type Identity struct {
	Headers []Header
	Basic   *Account
}

// An Account signs in to the application; both are templates as in a Header.
type Account struct {
	User, Password string
	File           string // holds the password as it is; ReadPasswords reads it

	password string // of File
}

// A Whoami finds the name of whom the application thinks it serves in the first 64 KiB of a page.
type Whoami struct {
	In    string         // "html" or "json": the answers it stands in
	Match *regexp.Regexp // its first group is the name
	Fold  string         // how the application writes names: "", "lower", "upper", "first-upper"
}

// Canonical is the one host that the application is told.
func (a *App) Canonical() string { return a.Hosts[0] }

// A Header is one that tells the application who is there. Text holds {subject.name}, {subject.directory},
// {subject.id}, {subject.display}, {subject.full}, the same of actor, {mandate} and {mode}. One that speaks of actor,
// mandate or mode is sent only while somebody acts.
type Header struct{ Name, Text string }

// reservedNames are identity headers of products in the field, kept from clients even where no application is
// configured to read them: it may read them all the same.
var reservedNames = []string{
	"Remote-User", "X-Remote-User", "X-Remote-Groups", "X-Remote-Extra", "X-WebAuth-User", "X-WebAuth-Email", "X-User",
	"X-Username", "X-User-Id", "X-User-Email", "X-Auth-User", "X-Auth-Request-User", "X-Auth-Request-Email",
	"X-Auth-Request-Groups", "X-Authenticated-User", "X-Authenticated-Userid", "X-SSL-Client-Cert", "SSL-Client-Cert",
	"SM_USER", "SM_USERDN", "SM_UNIVERSALID", "SM_SERVERSESSIONID", "SM_SERVERSESSIONSPEC", "SM_AUTHTYPE",
	"SM_USERIMPERSONATORNAME", "SM_USERIMPERSONATORDIRNAME", "SM_USERGROUPS", "Impersonate-User", "Impersonate-Group",
	"Impersonate-Uid", "X-Switch-User", "X-Impersonate-User", "X-Sudo", "Sudo", "X-Goog-Authenticated-User-Email",
	"Stead-Acting",
}

// Reserved are the header names that only the gateway may say to any of the applications.
func Reserved(apps []App) web.Names {
	names := slices.Clone(reservedNames)
	for _, a := range apps {
		names = append(names, a.told()...)
	}
	return web.NewNames(names...)
}

// told are the names of all headers that tell a who is there, in any mode.
func (a *App) told() []string {
	var names []string
	if a.Assertion != "" {
		names = append(names, a.Assertion)
	}
	for _, h := range a.Headers {
		names = append(names, h.Name)
	}
	for _, i := range a.ByMode {
		for _, h := range i.Headers {
			names = append(names, h.Name)
		}
	}
	return names
}

// credentials are what a client proves itself with to an application. None is the gateway's to pass on (R22).
var credentials = []string{
	"Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "Apikey", "X-Apikey", "X-Auth-Token", "X-Access-Token",
	"X-Authorization", "X-Token", "Private-Token", "X-Session-Token", "X-Amz-Security-Token", "Dpop",
}

// proves tells by its name whether a header may prove who sent it, or ask to be taken for somebody else. Applications
// invent such names; those of tokens against forged requests are none.
func proves(name string) bool {
	fold := web.FoldHeader(name)
	has := func(part string) bool { return strings.Contains(fold, part) }
	if slices.ContainsFunc([]string{"csrf", "xsrf", "antiforgery", "requestverification", "requesttoken", "atlassiantoken"}, has) {
		return false
	}
	return strings.HasSuffix(fold, "token") || slices.ContainsFunc([]string{"authorization", "apikey", "authkey", "subscriptionkey", "jwt",
		"secret", "switchuser", "impersonat", "onbehalf", "runas", "sudo"}, has)
}
