package demo

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// typed reads a form's body.
func typed(w http.ResponseWriter, r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	return r.ParseForm() == nil
}

// account copies the visitor's own account, threads and all.
func (a *App) account(v visitor) Customer {
	a.mu.Lock()
	defer a.mu.Unlock()
	return v.Customer.copy()
}

func (c *Customer) copy() Customer {
	d := *c
	d.History, d.Threads = slices.Clone(c.History), nil
	for _, t := range c.Threads {
		u := *t
		u.Posts = nil
		for _, p := range t.Posts {
			q := *p
			u.Posts = append(u.Posts, &q)
		}
		d.Threads = append(d.Threads, &u)
	}
	return d
}

// Unread counts over all threads.
func (c Customer) Unread() (n int) {
	for _, t := range c.Threads {
		n += t.Unread()
	}
	return n
}

func (a *App) inbox(w http.ResponseWriter, _ *http.Request, v visitor) {
	a.write(w, http.StatusOK, inboxPage(v, a.account(v)))
}

// read shows a thread, and looking at it leaves a trace: the shop sees that it was read, and by whom.
func (a *App) read(w http.ResponseWriter, r *http.Request, v visitor) {
	a.mu.Lock()
	t := v.Customer.thread(r.PathValue("id"))
	if t != nil && t.Unread() > 0 {
		for _, p := range t.Posts {
			if p.Shop && p.Read.IsZero() {
				p.Read, p.ReadBy = a.Now(), v.Signature()
			}
		}
		a.note(v, true, fmt.Sprintf("thread %d: read", t.ID))
	}
	a.mu.Unlock()
	a.thread(w, r, v)
}

func (a *App) thread(w http.ResponseWriter, r *http.Request, v visitor) {
	c := a.account(v)
	t := c.thread(r.PathValue("id"))
	if t == nil {
		a.refuse(w, r, v, http.StatusNotFound, "There is no such message.")
		return
	}
	a.write(w, http.StatusOK, threadPage(v, *t))
}

func (c *Customer) thread(id string) *Thread {
	for _, t := range c.Threads {
		if strconv.Itoa(t.ID) == id {
			return t
		}
	}
	return nil
}

func (a *App) reply(w http.ResponseWriter, r *http.Request, v visitor) {
	if !typed(w, r) || tidy(r.PostFormValue("text")) == "" {
		a.refuse(w, r, v, http.StatusUnprocessableEntity, "Write something first.")
		return
	}
	a.mu.Lock()
	t := v.Customer.thread(r.PathValue("id"))
	if t != nil {
		t.Posts = append(t.Posts, &Post{At: a.Now(), From: v.Signature(), Text: tidy(r.PostFormValue("text"))})
		a.note(v, false, fmt.Sprintf("thread %d: replied", t.ID))
	}
	a.mu.Unlock()
	if t == nil {
		a.refuse(w, r, v, http.StatusNotFound, "There is no such message.")
		return
	}
	http.Redirect(w, r, "/messages/"+r.PathValue("id"), http.StatusSeeOther)
}

func (a *App) profile(w http.ResponseWriter, _ *http.Request, v visitor) {
	a.write(w, http.StatusOK, profilePage(v, a.account(v), ""))
}

func (a *App) saveProfile(w http.ResponseWriter, r *http.Request, v visitor) {
	a.settle(w, r, v, "changed the contact details", func(c *Customer) string {
		phone, address := tidy(r.PostFormValue("phone")), tidy(r.PostFormValue("address"))
		if address == "" {
			return "Say where you live."
		}
		c.Phone, c.Address = phone, address
		return ""
	})
}

func (a *App) saveEmail(w http.ResponseWriter, r *http.Request, v visitor) {
	a.settle(w, r, v, "changed the e-mail address", func(c *Customer) string {
		email := tidy(r.PostFormValue("email"))
		if at := strings.IndexByte(email, '@'); at < 1 || at == len(email)-1 || strings.ContainsAny(email, " \n\t") {
			return "That is no e-mail address."
		}
		c.Email = email
		return ""
	})
}

func (a *App) savePassword(w http.ResponseWriter, r *http.Request, v visitor) {
	a.settle(w, r, v, "changed the password", func(c *Customer) string {
		if len(r.PostFormValue("password")) < 10 {
			return "A password has at least 10 characters."
		}
		c.PasswordSet = a.Now()
		return ""
	})
}

// settle changes the account by change, which gives back what is wrong, and signs it.
func (a *App) settle(w http.ResponseWriter, r *http.Request, v visitor, what string, change func(*Customer) string) {
	if !typed(w, r) {
		a.refuse(w, r, v, http.StatusBadRequest, "That form could not be read.")
		return
	}
	a.mu.Lock()
	wrong := change(v.Customer)
	if wrong == "" {
		v.Customer.History = append(v.Customer.History, Entry{a.Now(), v.Signature(), what})
		a.note(v, false, "profile: "+what)
	}
	a.mu.Unlock()
	if wrong != "" {
		a.write(w, http.StatusUnprocessableEntity, profilePage(v, a.account(v), wrong))
		return
	}
	http.Redirect(w, r, "/profile", http.StatusSeeOther)
}
