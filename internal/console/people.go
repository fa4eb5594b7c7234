package console

import (
	"net/http"
	"strings"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A peopleView lists accounts, to read only.
type peopleView struct {
	frame
	Name     string
	DirField web.FieldSpec
	Rows     [][]string
	Cut      int // how many more there are
}

const mostRows = 200

func (c *Console) people(v *visit) error {
	q := v.r.URL.Query()
	found, err := c.Authority.People(v.r.Context(), v.by, authority.Lookup{Name: q.Get("name"), Directory: q.Get("directory")})
	if err != nil {
		return err
	}
	p := peopleView{frame: v.frame("People", "Accounts of every directory. To add or change some: stead person, or the API."),
		Name: q.Get("name"), DirField: c.directoryField(q.Get("directory"))}
	p.Cut = max(0, len(found)-mostRows)
	for _, who := range found[:len(found)-p.Cut] {
		state := "active"
		if !who.Active() {
			state = "disabled"
		}
		p.Rows = append(p.Rows, []string{who.DisplayName(), who.Directory + "/" + who.Name, strings.Join(who.Groups, ", "), state, string(who.ID)})
	}
	return v.show(http.StatusOK, peoplePage(p))
}
