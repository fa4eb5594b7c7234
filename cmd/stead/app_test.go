package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// notes is an application that keeps each note in a file.
func notes(t *testing.T) (at, dir string) {
	t.Helper()
	dir = t.TempDir()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("X-Remote-User")
		w.Header().Set("Content-Type", "text/html")
		switch {
		case name == "":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/":
			fmt.Fprintf(w, `<html><body data-user="%s"><a href="/note?id=7">7</a><a href="/note?id=7&amp;do=delete">x</a><a href="/note?id=8">8</a>`, name)
		case r.URL.Query().Get("do") == "delete":
			if err := os.WriteFile(filepath.Join(dir, "note"), []byte(time.Now().String()), 0o600); err != nil {
				t.Error(err)
			}
		case r.URL.Path != "/note":
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(web.Close)
	return web.URL, dir
}

func stead1(t *testing.T, args ...string) (code int, out, talk string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(&env{ctx: t.Context(), out: &o, err: &e, getenv: func(string) string { return "" }, now: time.Now}, args)
	return code, o.String(), e.String()
}

// What is learned is a file that app test reads, and check knows with it what it did not know without.
func TestAppLearnThenTest(t *testing.T) {
	at, dir := notes(t)
	code, text, talk := stead1(t, "app", "learn", at, "--header", "x-remote-user", "--as", "customers/dana", "--host", "notes.test", "--watch-dir", dir, "--settle", "2ms")
	if code != exitOK || !strings.Contains(talk, "/note?id=7&do=delete changes file note") {
		t.Fatalf("%d\n%s\n%s", code, text, talk)
	}
	for _, line := range []string{
		"host: notes.test", "upstream: " + at, `identity: { headers: { x-remote-user: "{subject.name}" } }`,
		"{ id: note, is: read, path: [/note], only: [id] } # changed nothing",
		"{ id: note-delete-write, is: write, path: [/note], param: { do: delete } } # changed file note, 2 of 2 times",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no %q in\n%s", line, text)
		}
	}
	file := filepath.Join(t.TempDir(), "apps.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, talk := stead1(t, "app", "test", file); code != exitOK || !strings.Contains(talk, "3 tests passed") || strings.Contains(talk, "no test reaches") {
		t.Errorf("%d\n%s\n%s", code, out, talk)
	}
	// With these rules there is nothing left to learn, and the write they name is not asked for again.
	before, err := os.ReadFile(filepath.Join(dir, "note"))
	if err != nil {
		t.Fatal(err)
	}
	code, text, talk = stead1(t, "app", "learn", "--file", file, "--as", "dana", "--watch-dir", dir, "--settle", "2ms", "-o", "json")
	if code != exitOK || strings.TrimSpace(text) != "[]" || !strings.Contains(talk, "0 rules") {
		t.Errorf("%d\n%s\n%s", code, text, talk)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "note")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a write that the rules name was asked for (%v)", err)
	}
	code, text, _ = stead1(t, "app", "learn", "--file", file, "--as", "dana", "--watch-dir", dir, "--settle", "2ms", "--pages", "1", "-o", "csv")
	if code != exitOK || !strings.HasPrefix(text, "rule,is,line,evidence\n") {
		t.Errorf("%d\n%s", code, text)
	}
}

func TestAppLearnAsSomebodyUnknown(t *testing.T) {
	at, dir := notes(t)
	if code, _, talk := stead1(t, "app", "learn", at, "--as", "dana", "--watch-dir", dir); code != exitDenied || !strings.Contains(talk, "answers 403: is this person known there?") {
		t.Errorf("%d %s", code, talk)
	}
}

func TestAppCheck(t *testing.T) {
	at, _ := notes(t)
	code, out, talk := stead1(t, "app", "check", at, "--header", "X-Remote-User", "--as", "dana", "--as", "omar")
	if code != exitOK || !strings.Contains(out, `whoami: { match: "data-user=`) {
		t.Errorf("%d\n%s\n%s", code, out, talk)
	}
	if code, out, _ := stead1(t, "app", "check", at, "--as", "dana", "-o", "json"); code != exitVerify || !strings.Contains(out, `"level": "bad"`) {
		t.Errorf("%d\n%s", code, out)
	}
	file := filepath.Join(t.TempDir(), "apps.yaml")
	rules := "apps:\n  - id: notes\n    host: notes.test\n    upstream: " + at + "\n    identity: { header: X-Remote-User }\n    whoami: { match: 'data-user=\"([^\"]+)\"' }\n"
	for fold, want := range map[string]string{"": "dana is served as dana", "upper": `dana is served as "dana"`} {
		text := strings.Replace(rules, " }\n    whoami: {", " }\n    whoami: { fold: '"+fold+"',", 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, talk := stead1(t, "app", "check", "--file", file, "--as", "customers/dana", "--as", "omar")
		if !strings.Contains(out, want) || (code == exitOK) != (fold == "") {
			t.Errorf("%q: %d\n%s\n%s", fold, code, out, talk)
		}
	}
}
