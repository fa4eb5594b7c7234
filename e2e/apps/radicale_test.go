package apps

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/web/vacant"
)

func radicale(t *testing.T, _ string) *program {
	t.Helper()
	needs(t, "/usr/bin/radicale")
	p := lay(t, "radicale", vacant.Address(t))
	p.data, p.asked = []string{"data"}, regexp.MustCompile(`(?m)\[INFO\] [A-Z]+ request for `)
	p.process = stage.Start(t, exec.Command("/usr/bin/radicale", "-C", p.dir+"/config"))
	p.process.Answers(t, "http://"+p.addr+"/.web/")
	return p
}

// Radicale takes a header on every request, and speaks WebDAV.
func TestRadicale(t *testing.T) {
	t.Parallel()
	radicaleStory().tell(t)
}

func radicaleStory() story {
	return story{
		app: "radicale", start: radicale,
		home: "/dana/diary/dentist.ics", hers: "Dana sees the dentist",
		his: "/sam/office/meeting.ics", himself: "Sam meets the auditors",
		document: "/.web/", views: []string{"/.web/"}, further: calendars,
		pages: []ask{
			{to: "/dana/diary/dentist.ics"},
			{method: "PROPFIND", to: "/dana/", head: []string{"Depth", "1"}},
			{method: "PROPFIND", to: "/dana/diary/", head: []string{"Depth", "1"}},
			{method: "PROPFIND", to: "/dana/diary/", body: propfind, head: append(xml, "Depth", "0")},
			{method: "REPORT", to: "/dana/diary/", body: query, head: append(xml, "Depth", "1")},
			{method: "REPORT", to: "/dana/diary/", body: sync, head: xml},
			{method: "PROPFIND", to: "/sam/office/"}, // which she may not
			{method: "OPTIONS", to: "/dana/"},
		},
		writes: []ask{
			{to: "/dana/diary/", rule: "others-no-export"},
			{method: "PUT", to: "/dana/diary/new.ics", body: event, head: []string{"Content-Type", "text/calendar"}},
			{method: "PUT", to: "/dana/diary/dentist.ics", body: event, head: []string{"Content-Type", "text/calendar", "If-Match", "*"}},
			{method: "DELETE", to: "/dana/diary/dentist.ics"},
			{method: "DELETE", to: "/dana/diary/"},
			{method: "MKCOL", to: "/dana/more/"},
			{method: "MKCALENDAR", to: "/dana/more/"},
			{method: "PROPPATCH", to: "/dana/diary/", body: proppatch, head: xml},
			{method: "MOVE", to: "/dana/diary/dentist.ics", head: []string{"Destination", "SITE/dana/diary/gone.ics"}},
			{method: "COPY", to: "/dana/diary/dentist.ics", head: []string{"Destination", "SITE/dana/diary/two.ics"}},
			{method: "LOCK", to: "/dana/diary/"},
			{method: "POST", to: "/dana/diary/", head: []string{"X-HTTP-Method-Override", "DELETE"}},
			{method: "GET", to: "/dana/diary/dentist.ics", head: []string{"X-HTTP-Method-Override", "DELETE"}},
			{method: "PROPFIND", to: "/dana/diary/", head: []string{"X-Method-Override", "DELETE"}},
			{method: "GET", to: "/dana/diary/dentist.ics?_method=DELETE"},
			{method: "delete", to: "/dana/diary/dentist.ics", status: 400},
			{method: "PUT", to: "/dana/diary/d%65ntist.ics", body: event},
			{method: "DELETE", to: "/DANA/diary/dentist.ics"},
			{method: "POST", to: "/.web/"},
			{method: "PROPFIND", to: "/dana/diary/", body: propfind, head: []string{"Content-Type", "application/octet-stream"}},
			{method: "PROPFIND", to: "/dana/diary/", body: propfind, head: []string{"Content-Type", "application/xml", "X-HTTP-Method", "DELETE"}},
		},
	}
}

var xml = []string{"Content-Type", "application/xml; charset=utf-8"}

const (
	propfind  = `<?xml version="1.0"?><propfind xmlns="DAV:"><prop><displayname/><getetag/></prop></propfind>`
	query     = `<?xml version="1.0"?><C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><prop><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`
	sync      = `<?xml version="1.0"?><sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`
	event     = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:new\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260106T090000Z\r\nSUMMARY:New\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	proppatch = `<?xml version="1.0"?><propertyupdate xmlns="DAV:"><set><prop><displayname>mine</displayname></prop></set></propertyupdate>`
)

// calendars are what the web page of Radicale asks for in scripts, with a password of its own that goes nowhere.
func calendars(sam *window, there string) {
	sam.t.Helper()
	sam.opens(there + "/.web/")
	sam.do(chromedp.SendKeys(chromedp.CSS("#loginscene [data-name=user]"), "dana"), chromedp.SendKeys(chromedp.CSS("#loginscene [data-name=password]"), "x"),
		chromedp.Click(chromedp.CSS("#loginscene button")))
	sam.until("no calendar", `document.body.innerText.includes("Dana at home")`)
	sam.pictures("radicale-calendars")
}
