package login

import (
	"net/http"

	"github.com/steadhq/stead/internal/web"
)

// signOut ends the session before the browser is told that it has: what could not be ended is not said to be over.
func (d *Door) signOut(w http.ResponseWriter, r *http.Request) error {
	by, err := d.by(r)
	if err == nil {
		if err := d.Sessions.SignOut(r.Context(), by); err != nil && web.StatusOf(err) != http.StatusUnauthorized {
			return err
		}
	}
	d.Cookie.Clear(w)
	http.Redirect(w, r, "/login?out=1", http.StatusSeeOther)
	return nil
}
