package directory

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

var importer = Importer{Known: places, Least: Standard}

var places = Locals{{ID: "staff", Label: "Staff"}, {ID: "customers"}}

const refHash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestParseCSV(t *testing.T) {
	text := "\xef\xbb\xbfDirectory,name, Shown ,person,groups,attr.Team,totp,password_hash\r\n" +
		"staff,sam,Sam Okafor,,support; night ;support,North,gezd gnbv gy3t qojq," + `"` + refHash + `"` + "\r\n" +
		"customers,dana,\"Reyes, \"\"Dana\"\"\",hr-77,,,,\r\n"
	got, err := importer.ParseCSV(strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	want := Import{People: []authority.NewPerson{
		{Directory: "staff", Name: "sam", Shown: "Sam Okafor", Groups: []string{"support", "night"},
			Attributes: map[string]string{"Team": "North"}, TOTP: "GEZDGNBVGY3TQOJQ", Hash: refHash},
		{Directory: "customers", Name: "dana", Shown: `Reyes, "Dana"`, Person: "hr-77"},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What a door is given: the directory of rows that name none, and faults as text.
func TestReadPeople(t *testing.T) {
	got, warnings, err := importer.ReadPeople([]byte("name,directory,password,totp_secret\nkim,,pw,\nlee,customers,pw,gezdgnbvgy3tqojq\n"), "staff")
	want := []authority.NewPerson{{Directory: "staff", Name: "kim", Password: "pw"},
		{Directory: "customers", Name: "lee", Password: "pw", TOTP: "GEZDGNBVGY3TQOJQ"}}
	if d := cmp.Diff(want, got); err != nil || d != "" || len(warnings) != 1 {
		t.Errorf("%v %v\n%s", err, warnings, d)
	}
	if got, _, err := importer.ReadPeople([]byte("name\nkim\n"), "staff"); err != nil || len(got) != 1 {
		t.Errorf("no column for the directory: %v %v", got, err)
	}
	if got, _, err := (Importer{}).ReadPeople([]byte("name\nkim\n"), "any"); err != nil || len(got) != 1 {
		t.Errorf("no directories configured: %v %v", got, err)
	}
	for given, wrong := range map[string]string{"": `the column "directory" is missing`, "stuff": `line 2, column 1: there is no directory "stuff"`} {
		got, _, err := importer.ReadPeople([]byte("name\nkim\n"), given)
		if stead.KindOf(err) != stead.Invalid || !strings.Contains(err.Error(), wrong) || len(got) != 0 {
			t.Errorf("%q: %v, want %s", given, err, wrong)
		}
	}
}

func TestPlainPasswordsWarn(t *testing.T) {
	got, err := importer.ParseCSV(strings.NewReader("directory,name,password\nstaff,sam, two spaces \n"), "")
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "plain passwords") {
		t.Fatalf("%+v, %v", got.Warnings, err)
	}
	if got.People[0].Password != " two spaces " {
		t.Errorf("password %q", got.People[0].Password)
	}
}

func TestCSVFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", "line 1, column 1: the file is empty"},
		"only a mark":         {"\xef\xbb\xbf", "line 1, column 1: the file is empty"},
		"only a heading":      {"directory,name\n", "line 1, column 1: the file names nobody"},
		"secret twice":        {"directory,name,totp,totp_secret\n", "line 1, column 21: the column \"totp\" stands twice"},
		"no directory":        {"directory,name\n,sam\n", `line 2, column 1: there is no directory ""`},
		"no name column":      {"directory\nstaff\n", `line 1, column 1: the column "name" is missing`},
		"unknown column":      {"directory,name,colour\n", `line 1, column 16: unknown column "colour"`},
		"attr without a name": {"directory,name,attr.\n", `line 1, column 16: unknown column`},
		"column twice":        {"directory,name,NAME\n", `line 1, column 16: the column "name" stands twice`},
		"unknown directory":   {"directory,name\nstaff,a\nstuff,sam\n", `line 3, column 1: there is no directory "stuff"`},
		"no name":             {"directory,name\nstaff,\n", "line 2, column 7: the name of the account is missing"},
		"space in a name":     {"directory,name\nstaff,s am\n", "line 2, column 7: \"s am\" is no name for the account"},
		"slash in a name":     {"directory,name\nstaff,a/b\n", "line 2, column 7"},
		"hidden in a name":    {"directory,name\nstaff,sa\u202em\n", "line 2, column 7"},
		"control in a text":   {"directory,name,shown\nstaff,sam,\"a\nb\"\n", "line 2, column 11: the name to show holds characters"},
		"twice":               {"directory,name\nstaff,sam\nstaff,sam\n", "line 3, column 1: staff/sam stands in line 2 already"},
		"too few fields":      {"directory,name\nstaff\n", "line 2, column 1: there are 1 fields, the heading has 2"},
		"open quote":          {"directory,name\nstaff,\"sam\n", "extraneous or missing"},
		"group with a slash":  {"directory,name,groups\nstaff,sam,a;staff/b\n", "line 2, column 11: \"staff/b\" is no name for the group"},
		"bad secret":          {"directory,name,totp\nstaff,sam,0189\n", "line 2, column 11: a TOTP secret"},
		"bad hash":            {"directory,name,password_hash\nstaff,sam,$2b$12$x\n", "line 2, column 11: this is no argon2id hash"},
		"cheap hash": {"directory,name,password_hash\nstaff,sam,\"" + strings.Replace(refHash, "65536", "1024", 1) + "\"\n",
			"line 2, column 11: this hash is too cheap"},
		"both passwords": {"directory,name,password,password_hash\nstaff,sam,x,\"" + refHash + "\"\n",
			"line 2, column 1: give password or password_hash"},
		"latin-1":    {"directory,name,shown\nstaff,jo,J\xf6rg\n", "line 2, column 11: the file is no UTF-8"},
		"long field": {"directory,name,shown\nstaff,jo," + strings.Repeat("x", 1025) + "\n", "line 2, column 10: the name to show is too long"},
	} {
		got, err := importer.ParseCSV(strings.NewReader(c.text), "")
		var faults Faults
		switch {
		case stead.KindOf(err) != stead.Invalid || !errors.As(err, &faults):
			t.Errorf("%s: %v, want invalid with faults", name, err)
		case !strings.Contains(faults.Error(), c.want):
			t.Errorf("%s: %v, want %q", name, faults, c.want)
		case len(got.People) != 0:
			t.Errorf("%s: %d people came along", name, len(got.People))
		}
	}
}

// Every fault of a file is told at once, up to a limit, and one fault keeps everybody out.
func TestAllFaultsAtOnce(t *testing.T) {
	text := "directory,name,totp\nstuff,a b,x\nstaff,good,\n" + strings.Repeat("nowhere,x,\n", 200)
	_, err := importer.ParseCSV(strings.NewReader(text), "")
	var faults Faults
	if !errors.As(err, &faults) || len(faults) < mostFaults || len(faults) > mostFaults+3 {
		t.Fatalf("%d faults", len(faults))
	}
	if faults[0].Line != 2 || faults[1].Line != 2 || faults[2].Line != 2 || faults[3].Line != 4 {
		t.Errorf("%v", faults[:4])
	}
}

func TestTooLarge(t *testing.T) {
	_, err := importer.ParseCSV(bytes.NewReader(make([]byte, mostBytes+1)), "")
	if stead.KindOf(err) != stead.Invalid {
		t.Errorf("%v, want invalid", err)
	}
}

func TestUnreadable(t *testing.T) {
	dir, err := os.Open(t.TempDir()) // a directory opens and does not read
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := importer.ParseCSV(dir, ""); stead.KindOf(err) != stead.Broken {
		t.Errorf("%v, want broken", err)
	}
}

func TestLocals(t *testing.T) {
	if err := places.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Locals{{{ID: ""}}, {{ID: "a/b"}}, {{ID: "A"}}, {{ID: "a"}, {ID: "a"}}} {
		if err := bad.Check(); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if l, ok := places.Find("staff"); !ok || l.Shown() != "Staff" {
		t.Errorf("%+v %v", l, ok)
	}
	if l, _ := places.Find("customers"); l.Shown() != "customers" {
		t.Errorf("%q", l.Shown())
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("directory,name\nstaff,sam\n")
	f.Add("\xef\xbb\xbfdirectory,name,attr.x,groups\r\nstaff,\"sam\",1,a;b\r\n")
	f.Add("directory,name\nstaff,\"sam\"x\n")
	f.Add("directory,name,password\nstaff,sam,\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := importer.ParseCSV(strings.NewReader(text), "")
		if err != nil {
			if len(got.People) != 0 || stead.KindOf(err) != stead.Invalid {
				t.Fatalf("%v with %d people", err, len(got.People))
			}
			return
		}
		seen := map[string]bool{}
		for _, p := range got.People {
			who := p.Directory + "/" + p.Name
			if _, ok := places.Find(p.Directory); !ok || p.Name == "" || strings.Contains(p.Name, "/") || seen[who] {
				t.Fatalf("%q came in", who)
			}
			if !utf8.ValidString(p.Shown + p.Name) {
				t.Fatalf("%q is no UTF-8", who)
			}
			seen[who] = true
		}
	})
}
