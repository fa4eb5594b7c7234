package apps

import (
	"testing"

	"github.com/steadhq/stead/internal/web/vacant"
)

func icingaweb2(t *testing.T, _ string) *program {
	t.Helper()
	p := lay(t, "icingaweb2", vacant.Address(t))
	p.folders(t, "storage", "conf/enabledModules")
	p.data = []string{"conf"}
	p.php(t, "/usr/share/icingaweb2/public", []string{"ICINGAWEB_CONFIGDIR=" + p.dir + "/conf", "ICINGAWEB_STORAGEDIR=" + p.dir + "/storage"}, p.dir+"/router.php")
	return p
}

// Icinga Web 2 believes REMOTE_USER, and keeps a session beside it.
func TestIcingaWeb2(t *testing.T) {
	t.Parallel()
	icingaweb2Story().tell(t)
}

func icingaweb2Story() story {
	return story{
		app: "icingaweb2", start: icingaweb2,
		home: "/dashboard", hers: "Dana watches",
		his: "/dashboard", himself: "Sam watches",
		title: "Dana watches :: Dashboard :: Icinga Web",
		views: []string{"/dashboard", "/about", "/account"}, scripted: []string{"icingaweb2-"},
		pages: []ask{
			{to: "/dashboard"},
			{to: "/about"},
			{to: "/account"},
			{to: "/navigation/dashboard?name=system"},
			{to: "/health"},
			{to: "/layout/menu", head: []string{"X-Requested-With", "XMLHttpRequest", "X-Icinga-Accept", "text/html", "X-Icinga-Container", "menu"}},
			{to: "/dashboard", head: []string{"X-Requested-With", "XMLHttpRequest", "X-Icinga-Accept", "text/html", "X-Icinga-WindowId", "undefined", "X-Icinga-Container", "col1"}},
			{to: "/dashboard?pane=Watch"},
			{to: "/config/general"}, // which she may not
		},
		writes: []ask{
			{method: "POST", to: "/dashboard/remove-pane?pane=Watch", body: "btn_submit=1", head: form},
			{to: "/dashboard/new-dashlet"},
			{method: "POST", to: "/dashboard/new-dashlet?url=about", body: "dashlet=x&pane=y&url=about&formUID=form_dashboard_addurl", head: form},
			{to: "/dashboard?pane=Watch&pane=Other"},
			{to: "/dashboard?pane=Watch;remove=x"},
			{to: "/dashboard?pane%5B%5D=Watch&pane=x"},
			{method: "POST", to: "/dashboard", body: "formUID=form_auto_refresh&btn_submit=1", head: form},
			{method: "POST", to: "/layout/announcements", body: "acknowledge=1", head: form},
			{to: "/account/two", rule: "default"},
			{method: "POST", to: "/account", body: "theme=winter", head: form, rule: "settings"},
			{to: "/my-devices", rule: "devices"},
			{to: "/authentication/login", rule: "login"},
			{method: "POST", to: "/authentication/login", body: "username=ada&password=x", head: form, rule: "sign-in"},
			{to: "/dashboard?username=ada&password=x", rule: "sign-in"},
			{method: "PUT", to: "/dashboard"},
			{method: "DELETE", to: "/dashboard"},
			{to: "/Dashboard/remove-pane?pane=Watch"},
			{to: "/dashboard//remove-pane?pane=Watch", status: 400},
			{to: "/dashboard/%72emove-pane?pane=Watch"},
			{to: "/index.php/dashboard/remove-pane?pane=Watch"},
			{to: "/dashboard", head: []string{"X-HTTP-Method-Override", "POST"}},
			{to: "/layout/announcements", status: 200}, // the gateway answers that itself
		},
	}
}
