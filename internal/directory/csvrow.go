package directory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// row reads one person. Every field that is wrong is a fault of its own.
func (t *sheet) row(row []string, at func(int) (int, int)) {
	p := authority.NewPerson{Directory: t.directory}
	before := len(t.faults)
	for i, name := range t.names {
		if text := t.field(&p, name, strings.TrimSpace(row[i]), row[i]); text != "" {
			line, column := at(i)
			t.fault(line, column, text)
		}
	}
	line, column := at(0)
	if !t.here(p.Directory) && p.Directory == t.directory { // it was given beside the file
		t.fault(line, column, noDirectory(p.Directory))
	}
	who := [2]string{p.Directory, p.Name}
	switch first, twice := t.seen[who]; {
	case len(t.faults) > before:
		return
	case twice:
		t.fault(line, column, fmt.Sprintf("%s/%s stands in line %d already", p.Directory, p.Name, first))
		return
	case p.Password != "" && p.Hash != "":
		t.fault(line, column, "give password or password_hash, not both")
		return
	}
	t.seen[who] = line
	t.out.People = append(t.out.People, p)
}

// field puts one field where it belongs; a text says what is wrong with it.
func (t *sheet) field(p *authority.NewPerson, name, v, raw string) string {
	if attr, is := strings.CutPrefix(name, "attr."); is {
		return t.attribute(p, attr, v)
	}
	switch name {
	case "directory":
		if v != "" {
			p.Directory = v
		}
		if p.Directory != t.directory && !t.here(v) {
			return noDirectory(v)
		}
	case "name":
		p.Name = v
		return stead.WrongName(v)
	case "shown":
		p.Shown = v
		return stead.WrongShown(v)
	case "person":
		p.Person = v
		return stead.WrongText("person", v, stead.MostText)
	case "groups":
		return groups(p, v)
	case "totp":
		return secret(p, v)
	case "password_hash":
		return t.hash(p, v)
	case "password":
		p.Password = raw // spaces at its ends belong to it
		if len(raw) > mostPassword {
			return fmt.Sprintf("a password has at most %d bytes", mostPassword)
		}
	}
	return ""
}

// here tells whether there is such a directory.
func (t *sheet) here(id string) bool {
	_, known := t.Known.Find(id)
	return known || len(t.Known) == 0 && plain(id, mostDirectory)
}

func noDirectory(id string) string { return fmt.Sprintf("there is no directory %q", clip(id)) }

func (t *sheet) attribute(p *authority.NewPerson, attr, v string) string {
	if v == "" {
		return ""
	}
	if p.Attributes == nil {
		p.Attributes = make(map[string]string)
	}
	p.Attributes[attr] = v
	return stead.WrongAttributes(map[string]string{attr: v})
}

func (t *sheet) hash(p *authority.NewPerson, v string) string {
	if v == "" {
		return ""
	}
	p.Hash = v
	if err := checkHash(v, t.Least); err != nil {
		return err.Error()
	}
	return ""
}

func secret(p *authority.NewPerson, v string) string {
	if v == "" {
		return ""
	}
	clean, err := cleanSecret(v)
	p.TOTP = clean
	if err != nil {
		return err.Error()
	}
	return ""
}

func groups(p *authority.NewPerson, v string) string {
	for g := range strings.SplitSeq(v, ";") {
		if g = strings.TrimSpace(g); g != "" && !slices.Contains(p.Groups, g) {
			p.Groups = append(p.Groups, g)
		}
	}
	return stead.WrongGroups(p.Groups)
}
