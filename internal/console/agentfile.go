package console

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/steadhq/stead/internal/web"
)

// A newAgentView is the file that registers an agent, with what is known of it already.
type newAgentView struct {
	frame
	Fields []web.FieldSpec
	File   string
}

// wanted names what the file is written from, and what stands there until somebody says.
var wantedOfAgent = []struct{ name, label, hint, otherwise string }{
	{"name", "Name", "no spaces", "monthly-report"},
	{"owner", "Who answers for it", "directory/name", ""},
	{"purpose", "What it is there for", "", "Writes the monthly report for the board"},
	{"task", "Its task", "no spaces", "monthly"},
	{"need", "What it needs", "system, action, resource, and columns where not all of them", "crm read public.orders"},
}

func (c *Console) newAgent(v *visit) error {
	p := newAgentView{frame: v.frame("Register an agent", "What it is and exactly what it needs, in a file.")}
	q, said := v.r.URL.Query(), map[string]string{}
	for _, w := range wantedOfAgent {
		p.Fields = append(p.Fields, web.FieldSpec{Name: w.name, Label: w.label, Hint: w.hint, Value: q.Get(w.name)})
		said[w.name] = strconv.Quote(cmp.Or(strings.TrimSpace(q.Get(w.name)), w.otherwise, v.st.Actor.Directory+"/"+v.st.Actor.Name))
	}
	p.File = `agents:
  - name: ` + said["name"] + `
    kind: company          # the company's own; employee: one employee's, which never has more than he has
    owner: ` + said["owner"] + `
    purpose: ` + said["purpose"] + `
    tier: high             # low, medium or high: how much harm it could do
    keys: []               # its public keys as JWK; it proves itself with one of them
    tasks:
      - id: ` + said["task"] + `
        purpose: ` + said["purpose"] + `
        length: 24h        # or less: it ends when the task is done
        needs:             # in words of the catalogue: each becomes exact entitlements when it is applied
          - ` + said["need"] + `
`
	return v.show(http.StatusOK, newAgentPage(p))
}
