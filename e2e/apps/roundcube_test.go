package apps

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/web/vacant"
)

func roundcube(t *testing.T, _ string) *program {
	t.Helper()
	needs(t, "/usr/sbin/dovecot", "/var/lib/roundcube/plugins/http_authentication")
	imap := vacant.Address(t)
	_, port, _ := strings.Cut(imap, ":")
	p := lay(t, "roundcube", vacant.Address(t), "PORT", port)
	p.folders(t, "logs", "temp", "dovecot")
	who := p.owner(t, "mail", "mail")
	internal, login := "dovecot", "dovenull"
	if who.Username != "mail" {
		internal, login = who.Username, who.Username
	}
	p.fill(t, "dovecot.conf", "UID", who.Uid, "GID", who.Gid, "INTERNAL", internal, "LOGIN", login)
	stage.Start(t, exec.Command("/usr/sbin/dovecot", "-F", "-c", p.dir+"/dovecot.conf"))
	p.data, p.atEnd = []string{"mail"}, []string{"/?_task=settings", "/?_task=logout"}
	p.sessions = "sqlite:" + p.dir + "/roundcube.db SELECT sess_id FROM session WHERE plain(vars) LIKE '%user_id%'" // what is left of one that was closed is nobody's
	p.php(t, "/var/lib/roundcube/public_html", nil, "-d", "auto_prepend_file="+p.dir+"/prepend.php")
	return p
}

// Roundcube is all XHR: it signs people in by Basic authentication and then goes by cookies.
func TestRoundcube(t *testing.T) {
	t.Parallel()
	roundcubeStory().tell(t)
}

func roundcubeStory() story {
	xhr := []string{"X-Requested-With", "XMLHttpRequest"}
	return story{
		app: "roundcube", start: roundcube,
		home: "/?_task=mail&_mbox=INBOX", hers: "dana@example.com",
		his: "/?_task=mail&_mbox=INBOX", himself: "sam@example.com",
		title: "Acme Mail :: Inbox",
		views: []string{"/?_task=mail&_mbox=INBOX", "/?_task=mail&_action=show&_mbox=INBOX&_uid=1"}, scripted: []string{"colorMode", "mailview"},
		further: inbox,
		pages: []ask{
			{to: "/?_task=mail&_mbox=INBOX"},
			{to: "/?_task=mail&_action=list&_mbox=INBOX&_remote=1&_unlock=0", head: xhr},
			{to: "/?_task=mail&_action=show&_mbox=INBOX&_uid=1"},
			{to: "/?_task=mail&_action=viewsource&_mbox=INBOX&_uid=1"},
			{to: "/?_task=addressbook&_action=list&_source=0&_remote=1", head: xhr},
			{to: "/?_task=settings&_action=about"},
			{to: "/skins/elastic/styles/styles.min.css", static: true},
		},
		writes: []ask{
			{method: "POST", to: "/?_task=mail&_action=mark", body: "_uid=1&_mbox=INBOX&_flag=flagged&_remote=1", head: append(form, xhr...)},
			{method: "POST", to: "/?_task=mail&_action=delete", body: "_uid=1&_mbox=INBOX", head: form},
			{method: "POST", to: "/?_task=mail&_action=list", body: "_uid=1&_mbox=INBOX&_action=delete", head: form},
			{method: "POST", to: "/?_task=mail&_action=move", body: "_uid=1&_mbox=INBOX&_target_mbox=Sent", head: form},
			{method: "POST", to: "/?_task=mail&_action=send", body: "_to=x@example.com&_message=x", head: form},
			{to: "/?_task=mail&_action=compose"},
			{to: "/?_task=mail&_action=list&_action=delete&_uid=1&_mbox=INBOX"},
			{to: "/?_task=mail&_action=list;_action=delete&_mbox=INBOX"},
			{to: "/?_task=mail&_action%5B%5D=delete&_uid=1&_mbox=INBOX"},
			{to: "/?_task=mail&.action=delete&_uid=1&_mbox=INBOX"},
			{to: "/?_task=mail&_action=purge&_mbox=INBOX"},
			{method: "POST", to: "/?_task=settings&_action=save-prefs&_section=general", body: "_language=de_DE", head: form},
			{method: "POST", to: "/?_task=settings&_action=folders", body: "_mbox=x", head: form},
			{to: "/?_task=login&_action=login", rule: "login"},
			{to: "/?_task=mail&_user=ada&_pass=known-to-the-gateway-alone", rule: "sign-in"},
			{method: "POST", to: "/?_task=login", body: "_user=ada&_pass=known-to-the-gateway-alone&_action=login", head: form, rule: "sign-in"},
			{method: "POST", to: "/index.php?_task=mail&_action=mark", body: "_uid=1", head: form},
			{method: "POST", to: "/?_task=mail&_action=upload", body: "x", head: []string{"Content-Type", "multipart/form-data; boundary=x"}, rule: "sign-in"},
			{to: "/?_task=mail&_mbox=INBOX", head: []string{"X-HTTP-Method-Override", "POST"}},
			{method: "PUT", to: "/?_task=mail"},
			{to: "/?_task=mail&_action=keep-alive", head: xhr, status: 200}, // the gateway answers that itself
		},
		form: ask{method: "POST", to: "/?_task=mail&_action=mark", body: "_uid=1&_mbox=INBOX&_flag=flagged&_remote=1", head: append(form, xhr...)},
	}
}

// inbox is filled by a script of the page, and opens a message in a frame.
func inbox(sam *window, there string) {
	sam.t.Helper()
	sam.opens(there + "/?_task=mail&_mbox=INBOX")
	sam.until("no message", `document.body.innerText.includes("The garden plan")`)
	sam.do(chromedp.Click(chromedp.CSS("#messagelist tbody tr .subject")))
	sam.until("no text", `!!document.getElementById("messagecontframe").contentDocument?.body?.innerText.includes("the roses go by the wall")`)
	sam.pictures("roundcube-opened")
}
