package directory

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// What an import may hold at most.
const (
	mostBytes     = 64 << 20
	mostPeople    = 200_000
	mostDirectory = 64
	mostFaults    = 50 // reported; the file is wrong either way
)

// A Fault is one thing wrong in a file, where it stands: line and column (in bytes) from 1.
type Fault struct {
	Line, Column int
	Text         string
}

func (f Fault) String() string {
	return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Text)
}

// Faults are everything wrong in a file. As an error they are invalid.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// An Import is a file of people that is right as a whole.
type Import struct {
	People   []authority.NewPerson
	Warnings []string
}

// An Importer reads files of people for the directories of this house.
type Importer struct {
	Known Locals // none: any directory may be named
	Least Cost   // of hashes that come along
}

// ReadPeople reads a file for a door: what is wrong stands in the text of the error, with line and column. Directory
// is that of rows that name none. Errors: invalid.
func (m Importer) ReadPeople(csv []byte, directory string) (people []authority.NewPerson, warnings []string, err error) {
	in, err := m.ParseCSV(bytes.NewReader(csv), directory)
	var all Faults
	if errors.As(err, &all) {
		err = stead.E(stead.Invalid, stead.ReasonRequest, "nobody was imported\n%s", all.Error())
	}
	return in.People, in.Warnings, err
}

// ParseCSV reads people from comma-separated values with a heading: name, directory (or the one given, where a row
// names none), and where wanted shown, person, groups (separated by ';'), totp or totp_secret, password_hash
// (argon2id, PHC form), password (plain, with a warning) and any number of attr.NAME. A byte order mark and CRLF are
// fine. Errors: invalid, holding Faults; then nothing is to be imported.
func (m Importer) ParseCSV(r io.Reader, directory string) (Import, error) {
	b, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	switch {
	case err != nil:
		return Import{}, stead.Because(err, "read the file")
	case len(b) > mostBytes:
		return Import{}, wrong(Faults{{1, 1, fmt.Sprintf("the file is larger than %d MiB", mostBytes>>20)}})
	case !utf8.Valid(b):
		return Import{}, wrong(Faults{notUTF8(b)})
	}
	t := &sheet{Importer: m, directory: directory, seen: make(map[[2]string]int)}
	t.read(csv.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))))
	if len(t.faults) > 0 {
		return Import{}, wrong(t.faults)
	}
	return t.out, nil
}

func wrong(fs Faults) error {
	return &stead.Error{Kind: stead.Invalid, Reason: stead.ReasonRequest, Text: "nobody was imported", Err: fs}
}

func notUTF8(b []byte) Fault {
	f := Fault{1, 1, "the file is no UTF-8 text: save it as “CSV UTF-8”"}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return f
		}
		f.Column += n
		if r == '\n' {
			f.Line, f.Column = f.Line+1, 1
		}
		b = b[n:]
	}
	return f
}

// A sheet is a file on its way to an Import.
type sheet struct {
	Importer
	directory string   // of rows that name none
	names     []string // of the columns
	seen      map[[2]string]int
	out       Import
	faults    Faults
}

func (t *sheet) read(r *csv.Reader) {
	head, err := r.Read()
	switch {
	case errors.Is(err, io.EOF):
		t.fault(1, 1, "the file is empty: it begins with a heading such as directory,name,shown,groups")
		return
	case err != nil:
		t.broken(err)
		return
	}
	if t.heading(head, r.FieldPos); len(t.faults) > 0 {
		return
	}
	for len(t.faults) < mostFaults {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			t.ended()
			return
		case errors.Is(err, csv.ErrFieldCount):
			line, _ := r.FieldPos(0)
			t.fault(line, 1, fmt.Sprintf("there are %d fields, the heading has %d", len(row), len(head)))
		case err != nil:
			t.broken(err)
			return
		case len(t.out.People) >= mostPeople:
			line, _ := r.FieldPos(0)
			t.fault(line, 1, fmt.Sprintf("the file has more than %d people: split it", mostPeople))
			return
		default:
			t.row(row, r.FieldPos)
		}
	}
}

func (t *sheet) ended() {
	if len(t.out.People)+len(t.faults) == 0 {
		t.fault(1, 1, "the file names nobody: there is no row under the heading")
	}
}

func (t *sheet) fault(line, column int, text string) {
	t.faults = append(t.faults, Fault{line, column, text})
}

func (t *sheet) broken(err error) {
	var p *csv.ParseError
	if errors.As(err, &p) {
		t.fault(p.Line, p.Column, p.Err.Error())
		return
	}
	t.fault(1, 1, err.Error())
}

// heading learns the columns.
func (t *sheet) heading(head []string, at func(int) (int, int)) {
	have := make(map[string]bool, len(head))
	for i, h := range head {
		line, column := at(i)
		name := strings.TrimSpace(h)
		if attr, is := strings.CutPrefix(name, "attr."); !is || attr == "" {
			name = strings.ToLower(name)
		}
		if name == "totp_secret" { // as the API calls it
			name = "totp"
		}
		switch {
		case !isColumn(name):
			t.fault(line, column, fmt.Sprintf("unknown column %q; known are %s and attr.NAME", clip(h), strings.Join(columns, ", ")))
		case have[name]:
			t.fault(line, column, fmt.Sprintf("the column %q stands twice", clip(name)))
		}
		have[name] = true
		t.names = append(t.names, name)
	}
	for _, must := range columns[:2] {
		if !have[must] && (must == "name" || t.directory == "") {
			t.fault(1, 1, fmt.Sprintf("the column %q is missing", must))
		}
	}
	if have["password"] {
		t.out.Warnings = append(t.out.Warnings,
			"the file holds plain passwords: delete it after the import, and rather use password_hash")
	}
}

var columns = []string{"directory", "name", "shown", "person", "groups", "totp", "password_hash", "password"}

func isColumn(name string) bool {
	if attr, is := strings.CutPrefix(name, "attr."); is {
		return stead.WrongAttributes(map[string]string{attr: ""}) == ""
	}
	for _, c := range columns {
		if c == name {
			return true
		}
	}
	return false
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
