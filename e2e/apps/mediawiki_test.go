package apps

import (
	"regexp"
	"testing"

	"github.com/steadhq/stead/internal/web/vacant"
)

func mediawiki(t *testing.T, host string) *program {
	t.Helper()
	p := lay(t, "mediawiki", vacant.Address(t), "HOST", host)
	needs(t, "/usr/share/mediawiki/maintenance/install.php")
	p.folders(t, "made", "cache")
	p.data = []string{"db/wiki.sqlite"}
	p.atEnd = []string{"/api.php?action=query&meta=tokens&format=json", "/api.php?action=logout"}
	p.sessions = "sqlite:" + p.dir + "/db/wikicache.sqlite SELECT keyname FROM objectcache WHERE keyname LIKE '%MWSession%'"
	const tools = "/usr/share/mediawiki/maintenance/"
	p.run(t, "", nil, "php", tools+"install.php", "--dbtype", "sqlite", "--dbpath", p.dir+"/db", "--dbname", "wiki", "--server", "http://"+host,
		"--scriptpath", "", "--pass", password, "--confpath", p.dir+"/made", "--skins", "Vector", "Acme Pedia", "Ada")
	settings := []string{"MW_CONFIG_FILE=" + p.dir + "/LocalSettings.php"}
	for _, name := range []string{"Dana", "Sam"} {
		p.run(t, "", settings, "php", tools+"createAndPromote.php", name, password)
	}
	p.run(t, "The roses go by the [[wall]].\n", settings, "php", tools+"edit.php", "-u", "Dana", "-s", "the garden", "Garden")
	p.php(t, "/usr/share/mediawiki", settings)
	return p
}

// MediaWiki signs people in by a header, and then goes by cookies.
func TestMediaWiki(t *testing.T) {
	t.Parallel()
	mediawikiStory().tell(t)
}

func mediawikiStory() story {
	return story{
		app: "mediawiki", start: mediawiki,
		home: "/index.php/Garden", hers: `"wgUserName":"Dana"`,
		his: "/index.php/Garden", himself: `"wgUserName":"Sam"`,
		title: "Garden - Acme Pedia", took: regexp.MustCompile(`(?i)time":"?[\d.]+`),
		views: []string{"/index.php/Garden", "/index.php/Garden?action=history", "/index.php/Special:AllPages"}, scripted: []string{"mwuser-"},
		pages: []ask{
			{to: "/index.php/Garden"},
			{to: "/index.php/Garden?action=history"},
			{to: "/index.php/Garden?action=raw"},
			{to: "/index.php?title=Garden"},
			{to: "/index.php/Special:AllPages"},
			{to: "/index.php?title=Special:Search&search=roses"},
			{to: "/index.php/Special:Contributions/Dana"},
			{to: "/api.php?action=query&meta=userinfo&format=json"},
			{method: "POST", to: "/api.php", body: "action=query&titles=Garden&prop=revisions&rvprop=content&format=json", head: form},
		},
		writes: []ask{
			{method: "POST", to: "/index.php?title=Garden&action=submit", body: "wpTextbox1=gone&wpSave=1", head: form},
			{to: "/index.php/Garden?action=edit"},
			{to: "/index.php/Garden?action=purge"},
			{to: "/index.php/Garden?action=watch"},
			{to: "/index.php/Garden?action=raw&action=delete"},
			{to: "/index.php/Garden?action=raw;action=delete"},
			{to: "/index.php/Garden?action%5B%5D=delete"},
			{to: "/index.php/Garden?title=Special:UserLogin"},
			{to: "/index.php?title=Special:UserLogin"},
			{to: "/index.php?title=special:preferences"},
			{to: "/index.php/Special:Preferences", rule: "account"},
			{to: "/index.php/special:preferences", rule: "account"},
			{to: "/index.php/_Special:Preferences", rule: "colon"},
			{to: "/index.php/:Special:Preferences", rule: "colon"},
			{to: "/index.php/Special%3AMovePage/Garden", rule: "colon"},
			{to: "/index.php/Special:MovePage/Garden", rule: "colon"},
			{to: "/index.php/User:Dana?action=edit", rule: "colon"},
			{to: "/index.php//Special:MovePage", status: 400},
			{to: "/INDEX.php/Garden?action=edit"},
			{method: "POST", to: "/api.php", body: "action=edit&title=Garden&text=gone&token=x", head: form},
			{method: "POST", to: "/api.php?action=query", body: "action=edit&title=Garden&text=gone&token=x", head: form},
			{method: "POST", to: "/api.php", body: "action=query&prop=x&action=edit&title=Garden", head: form},
			{method: "POST", to: "/api.php", body: "action=clientlogin&username=Ada&password=x", head: form, rule: "sign-in"},
			{method: "POST", to: "/api.php", body: "action=login&lgname=Ada&lgpassword=x", head: form, rule: "sign-in"},
			{method: "POST", to: "/api.php", body: "action=rollback&title=Garden", head: form},
			{method: "PUT", to: "/rest.php/v1/page/Garden", body: "{}", head: []string{"Content-Type", "application/json"}},
			{method: "POST", to: "/rest.php/v1/page", body: `{"title":"x"}`, head: []string{"Content-Type", "application/json"}},
			{to: "/index.php/Garden", head: []string{"X-HTTP-Method-Override", "POST"}},
			{to: "/mw-config/index.php"},
			{to: "/index.php/Garden?wpName=Ada&wpPassword=x", rule: "sign-in"},
		},
	}
}
