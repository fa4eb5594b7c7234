package apps

import (
	"testing"

	"github.com/steadhq/stead/internal/web/vacant"
)

func dokuwiki(t *testing.T, _ string) *program {
	t.Helper()
	p := lay(t, "dokuwiki", vacant.Address(t))
	p.folders(t, "data/attic", "data/cache", "data/index", "data/locks", "data/media", "data/media_attic", "data/media_meta", "data/meta", "data/tmp", "data/log")
	p.atEnd, p.data = []string{"/doku.php?do=logout"}, []string{"conf", "data/pages", "data/attic", "data/media", "data/locks", "data/meta"}
	p.php(t, "/usr/share/dokuwiki", nil, "-d", "auto_prepend_file="+p.dir+"/prepend.php")
	return p
}

// DokuWiki signs people in by Basic authentication and then keeps a session of its own.
func TestDokuWiki(t *testing.T) {
	t.Parallel()
	dokuwikiStory().tell(t)
}

func dokuwikiStory() story {
	return story{
		app: "dokuwiki", start: dokuwiki,
		home: "/doku.php?id=people:dana", hers: "Only Dana sees the garden plan",
		his: "/doku.php?id=people:sam", himself: "Only Sam sees the audit plan",
		title:    "people:dana [Acme Wiki]",
		views:    []string{"/doku.php?id=people:dana", "/doku.php?id=plan", "/doku.php?id=plan&do=revisions", "/doku.php?do=search&id=start&q=garden"},
		scripted: []string{"DOKU_PREFS"},
		pages: []ask{
			{to: "/doku.php?id=people:dana"},
			{to: "/doku.php?id=people:sam"},
			{to: "/doku.php?id=plan"},
			{to: "/doku.php?id=plan&do=revisions"},
			{to: "/doku.php?id=plan&do=export_raw"},
			{to: "/doku.php?do=search&id=start&q=garden"},
			{to: "/doku.php?do=index&id=start&idx=people"},
			{to: "/doku.php?do=recent&id=start"},
			{method: "POST", to: "/lib/exe/ajax.php", body: "call=qsearch&q=garden", head: []string{"Content-Type", "application/x-www-form-urlencoded"}},
			{to: "/lib/exe/css.php?t=dokuwiki", static: true},
		},
		writes: []ask{
			{method: "POST", to: "/doku.php?id=people:dana", body: "do[save]=1&wikitext=gone&id=people:dana", head: form},
			{to: "/doku.php?id=people:dana&do=edit"},
			{to: "/doku.php?id=people:dana&do=EDIT"},
			{to: "/doku.php?id=people:dana&do[edit]=1"},
			{to: "/doku.php?id=people:dana&do%5Bedit%5D=1"},
			{to: "/doku.php?id=people:dana&do=show&do=edit"},
			{to: "/doku.php?id=people:dana&do=show;do=edit"},
			{to: "/doku.php?id=people:dana&do=show&DO=edit"},
			{to: "/doku.php?id=people:dana&do=revert&rev=1"},
			{to: "/doku.php?id=people:dana&do=draftdel"},
			{to: "/doku.php?id=people:dana&purge=true"},
			{to: "/doku.php?people:dana"},
			{to: "/doku.php/people:dana?do=edit"},
			{to: "/DOKU.php?id=people:dana&do=edit"},
			{to: "/?id=people:dana&do=edit"},
			{to: "/doku.php?id=people:dana&do=subscribe", rule: "account"},
			{to: "/doku.php?id=people:dana&do=profile", rule: "account"},
			{to: "/doku.php?id=people:dana&do=admin", rule: "account"},
			{to: "/doku.php?id=start&do=login&u=ada&p=known-to-the-gateway-alone", rule: "sign-in"},
			{to: "/doku.php?id=start&u=ada&p=known-to-the-gateway-alone", rule: "sign-in"},
			{method: "POST", to: "/doku.php?id=start", body: "u=ada&p=known-to-the-gateway-alone", head: form, rule: "sign-in"},
			{method: "POST", to: "/doku.php?id=start", body: "{}", head: []string{"Content-Type", "multipart/form-data; boundary=x"}, rule: "sign-in"},
			{to: "/doku.php?id=start&%75=ada&p=x", rule: "sign-in"},
			{method: "POST", to: "/doku.php?id=people:dana", body: "_method=PUT", head: form},
			{to: "/doku.php?id=people:dana", head: []string{"X-HTTP-Method-Override", "POST"}},
			{method: "POST", to: "/lib/exe/ajax.php", body: "call=lock&id=people:dana", head: form},
			{method: "POST", to: "/lib/exe/ajax.php", body: "call=qsearch&q=x&call=lock&id=people:dana", head: form},
			{method: "POST", to: "/lib/exe/mediamanager.php?ns=people", body: "x", head: []string{"Content-Type", "multipart/form-data; boundary=x"}, rule: "sign-in"},
			{method: "POST", to: "/lib/exe/xmlrpc.php", body: "<methodCall><methodName>wiki.putPage</methodName></methodCall>", head: []string{"Content-Type", "text/xml"}, rule: "sign-in"},
			{to: "/lib/exe/fetch.php?media=http://127.0.0.1:1/x.png"},
			{method: "PUT", to: "/doku.php?id=people:dana", body: "x", rule: "sign-in"},
			{method: "DELETE", to: "/doku.php?id=people:dana"},
			{to: "/install.php"},
			{to: "/lib/exe/taskrunner.php?id=people:dana", status: 200}, // the gateway answers that itself
		},
	}
}

var form = []string{"Content-Type", "application/x-www-form-urlencoded"}
