package api

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// ReadPeople notes what was sent: that a file is read right is the importer's own matter.
func (d *desk) ReadPeople(csv []byte, directory string) ([]authority.NewPerson, []string, error) {
	d.csv = string(csv)
	if strings.Contains(d.csv, "wrong") {
		return nil, nil, stead.E(stead.Invalid, stead.ReasonRequest, "nobody was imported\nline 2, column 5: wrong")
	}
	return []authority.NewPerson{{Directory: directory, Name: "kim"}}, []string{"plain passwords"}, nil
}

func TestImport(t *testing.T) {
	r := newRig(t)
	const file = "name,groups\nkim,support\n"
	for _, row := range []struct {
		token, body string
		status      int
		says        string
		added       int
	}{
		{"stp_ada", file, 201, `"warnings":["plain passwords"]`, 1},
		{"stp_ada", "name\nwrong\n", 400, `line 2, column 5: wrong`, 0},
		{"stp_sam", file, 404, "", 0}, // who is no admin
	} {
		r.desk.new, r.desk.csv = nil, ""
		w := r.do("POST", "/v1/people/import?directory=staff", row.token, row.body, "Content-Type", "text/csv")
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.says) || len(r.desk.new) != row.added {
			t.Errorf("%s %q: %d %s, %d added", row.token, row.body, w.Code, w.Body, len(r.desk.new))
		}
		if row.status != 404 && r.desk.csv != row.body {
			t.Errorf("the importer got %q", r.desk.csv)
		}
		if row.added == 1 && r.desk.new[0].Directory != "staff" {
			t.Errorf("%+v", r.desk.new)
		}
	}
}
