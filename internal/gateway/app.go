package gateway

import (
	"net/url"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// An App is an application behind the gateway: what the rest of Stead knows of it, where it is, what it is told, and
// what its requests mean.
type App struct {
	stead.App
	Upstream *url.URL
	Headers  []Header   // identity under the application's own names, beside X-Stead-*
	Allows   web.Tokens // oddities its paths need: "//", ";", "%2f"
	Title    string     // response header that names the page, where the application sends one
	Rules    []Rule     // the first that matches counts; what none matches is a write
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
		for _, h := range a.Headers {
			names = append(names, h.Name)
		}
	}
	return web.NewNames(names...)
}

// credentials are what a client proves itself with to an application. None is the gateway's to pass on (R22).
var credentials = []string{
	"Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "Apikey", "X-Apikey", "X-Auth-Token", "X-Access-Token",
	"X-Authorization", "X-Token", "Private-Token", "X-Session-Token", "X-Amz-Security-Token", "Dpop",
}
