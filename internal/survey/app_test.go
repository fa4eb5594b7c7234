package survey

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// An office is a small application as people write them: names by a header, a session of its own, a database, files, and
// requests by GET that change something, some of which look as if they did not.
type office struct {
	db    *pgxpool.Pool
	files string
	fail  func(error)
}

const officeTables = `
CREATE TABLE items (id int PRIMARY KEY, name text, views int DEFAULT 0);
CREATE TABLE mails (id int PRIMARY KEY, unread bool DEFAULT true);
CREATE TABLE sessions (id text PRIMARY KEY, name text, seen timestamptz);
INSERT INTO items SELECT n, 'it''s item; DELETE FROM ' || n FROM generate_series(1, 12) n;
INSERT INTO mails SELECT n FROM generate_series(1, 3) n;`

const officeHome = `<!doctype html><html><head><title>Office</title><link rel=stylesheet href="/static/css/app.css?v=3">
<script src="/static/app.js"></script></head><body data-user="%s">
<a href="/items">all</a> <a href="/items?page=2">more</a> <a href="/items?page=2&amp;sort=name">by name</a> <a href="/items?sort=views">by views</a>
<a href="/item/1">1</a> <a href="/item/2?do=show">2</a> <a href="/item/3?do=print">3</a> <a href="/item/4?do=delete">away</a> <a href="/item/5?do=delete">away</a>
<a href="/refresh?id=7">refresh</a> <a href="/refresh">what is refresh?</a> <a href="/mail/1">mail</a> <a href="/mail/2">mail</a>
<a href="/report.csv">report</a> <a href="/thumbnail/7.png">picture</a> <a href="/gone">gone</a> <a href="/sub/logout?all=1">bye</a>
<a href="http://elsewhere.test/">elsewhere</a> <a href="#top">top</a>
<form action="/search"><input name=q><select name=in><option value=all><option value=mine></select><button name=go value=now>Go</button></form>
<form method=post action="/item/1/edit"><textarea name=text></textarea></form>
<form method=post action="/login"><input name=account><input type=password name=pass><input type=hidden name=t value=1></form>
</body></html>`

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if strings.HasPrefix(r.URL.Path, "/static/") {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, "body { color: black }")
		return
	}
	name := r.Header.Get("X-Remote-User")
	if name == "" {
		http.Error(w, "who are you?", http.StatusForbidden)
		return
	}
	if _, err := r.Cookie("office"); err != nil {
		http.SetCookie(w, &http.Cookie{Name: "office", Value: name, Path: "/"})
	}
	o.do(ctx, "INSERT INTO sessions VALUES ($1, $1, now()) ON CONFLICT (id) DO UPDATE SET seen = now()", name)
	w.Header().Set("Content-Type", "text/html")
	id := strings.Trim(filepath.Base(r.URL.Path), ".png")
	switch p := r.URL.Path; {
	case p == "/":
		fmt.Fprintf(w, officeHome, name)
	case strings.HasPrefix(p, "/item/") && r.URL.Query().Get("do") == "delete":
		o.do(ctx, "DELETE FROM items WHERE id = "+id)
		http.Redirect(w, r, "/items", http.StatusFound)
	case p == "/refresh" && r.URL.Query().Get("id") != "": // it only looks as if it did not
		o.do(ctx, "UPDATE items SET views = views WHERE id = 7")
	case strings.HasPrefix(p, "/mail/"):
		o.do(ctx, "UPDATE mails SET unread = false WHERE id = "+id+" AND unread")
	case strings.HasPrefix(p, "/thumbnail/"):
		if err := os.WriteFile(filepath.Join(o.files, id+".small"), []byte(r.URL.Path), 0o600); err != nil {
			o.fail(err)
		}
	case p == "/report.csv":
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Content-Disposition", "attachment; filename=report.csv")
		fmt.Fprint(w, "a,b\n")
	case strings.HasPrefix(p, "/item/"), p == "/items", p == "/search", p == "/refresh":
		o.do(ctx, "SELECT name FROM items WHERE name <> 'INSERT INTO items' ORDER BY id FOR UPDATE")
		fmt.Fprint(w, "<html><body>items")
	default:
		http.NotFound(w, r)
	}
}

func (o *office) do(ctx context.Context, statement string, args ...any) {
	if _, err := o.db.Exec(ctx, statement, args...); err != nil {
		o.fail(err)
	}
}

// newOffice runs an office on a database of its own. It gives the office's address, connection string and log.
func newOffice(t *testing.T) (o *office, at, dsn, log string) {
	t.Helper()
	logs := "logs"
	server := pgtest.Start(t, "log_min_messages=log", "log_statement=mod", "logging_collector=on", "log_directory="+logs, "log_filename=statements.log", "log_min_error_statement=panic")
	dsn = server.Create(t)
	server.Do(t, dsn[strings.LastIndex(dsn, "/")+1:strings.Index(dsn, "?")], officeTables)
	db, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	o = &office{db: db, files: t.TempDir(), fail: func(err error) { t.Error(err) }}
	web := httptest.NewServer(o)
	t.Cleanup(web.Close)
	return o, web.URL, dsn, filepath.Join(server.Dir, logs, "statements.log")
}
