package stead_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

func TestRealmAt(t *testing.T) {
	app := App{Realms: []Realm{{ID: "all", Path: "/"}, {ID: "admin", Path: "/admin"}, {ID: "keys", Path: "/admin/keys/"}}}
	for path, want := range map[string]RealmID{
		"/": "all", "/orders": "all", "/admin": "admin", "/admin/": "admin", "/admin/x": "admin", "/administrator": "all",
		"/admin/keys": "keys", "/admin/keys/1": "keys", "/admin/keysmith": "admin", "/x/admin": "all",
	} {
		if r, ok := app.RealmAt(path); !ok || r.ID != want {
			t.Errorf("%s is in %q, want %q", path, r.ID, want)
		}
	}
	for _, path := range []string{"", "/", "/help", "/helpful", "orders"} {
		if r, ok := (App{Realms: []Realm{{ID: "docs", Path: "/docs"}}}).RealmAt(path); ok {
			t.Errorf("%q is in %q, but no realm is there", path, r.ID)
		}
	}
	if _, ok := (App{}).RealmAt("/"); ok {
		t.Error("no realm is a realm")
	}
}

func TestRealmByID(t *testing.T) {
	app := App{Realms: []Realm{{ID: "all", Path: "/"}, {ID: "admin", Path: "/admin"}}}
	if r := app.Realm("admin"); r == nil || r.Path != "/admin" {
		t.Errorf("%+v", r)
	}
	if r := app.Realm(""); r != nil {
		t.Errorf("the nameless realm is %+v", r)
	}
}

// The longest prefix on a segment border wins, whatever the order of the list.
func TestRealmAtLongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segment := rapid.SampledFrom([]string{"a", "ab", "b"})
		paths := rapid.SliceOfDistinct(rapid.Map(rapid.SliceOfN(segment, 0, 3), func(s []string) string { return "/" + strings.Join(s, "/") }),
			rapid.ID[string]).Draw(t, "realms")
		path := "/" + strings.Join(rapid.SliceOfN(segment, 0, 4).Draw(t, "path"), "/")
		var app App
		want := ""
		for _, p := range paths {
			app.Realms = append(app.Realms, Realm{ID: RealmID(p), Path: p})
			if fits := p == "/" || path == p || strings.HasPrefix(path, p+"/"); fits && len(p) > len(want) {
				want = p
			}
		}
		r, ok := app.RealmAt(path)
		if ok != (want != "") || string(r.ID) != want {
			t.Fatalf("%s in %v: %q, want %q", path, paths, r.ID, want)
		}
	})
}
