package apps

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/survey"
)

// DokuWiki locks a page for whoever asks for its form, by GET. Nothing of the address says so: a walk under a watch of
// its files finds it, and calls no such request a read.
func TestLearnDokuWiki(t *testing.T) {
	t.Parallel()
	p := dokuwiki(t, "")
	at := &url.URL{Scheme: "http", Host: p.addr}
	dana, err := http.NewRequest(http.MethodGet, at.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dana.SetBasicAuth("dana", "known-to-the-gateway-alone")
	files, err := survey.WatchFolder(filepath.Join(p.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	l := &survey.Learner{
		Person: survey.NewVisitor(http.DefaultTransport, at, p.addr, dana.Header), Nobody: survey.NewVisitor(http.DefaultTransport, at, p.addr, nil),
		Watch: files, Ignore: regexp.MustCompile("^file (cache|index|meta|log)/"), Pages: 120, Each: 2, Settle: 20 * time.Millisecond, Say: t.Logf,
	}
	lesson, err := l.Learn(t.Context(), []string{"/doku.php?id=people:dana", "/doku.php?id=plan&do=edit"})
	if err != nil {
		t.Fatal(err)
	}
	edits, reads := false, 0
	for _, r := range lesson.Propose() {
		verbs := strings.Split(r.Param["do"], "|")
		switch {
		case r.Is == "write" && slices.Contains(verbs, "edit") && strings.Contains(r.Evidence, "locks/"):
			edits = true
		case r.Is == "read" && (slices.Contains(verbs, "edit") || slices.Contains(r.Only, "do")):
			t.Errorf("this lets an edit pass: %s", r.Text())
		case r.Is == "read":
			reads++
		}
	}
	if !edits || reads < 5 {
		t.Errorf("the form that locks is found: %v; %d reads", edits, reads)
	}
}
