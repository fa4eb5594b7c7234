package console

import (
	"net/http"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

func (c *Console) password(v *visit) error {
	h, err := c.Authority.Human(v.r.Context(), v.by, v.by.Principal)
	switch {
	case err != nil:
		return err
	case h.Code && v.st.Level < 2:
		return c.toStronger(v.w, v.r, v.by)
	}
	return v.showPassword(http.StatusOK, "")
}

func (v *visit) showPassword(status int, problem string) error {
	p := formView{frame: v.frame("Change your password", "Wherever else you are signed in, you are signed out."), Problem: problem, Action: "/me/password", Back: "/me", Button: "Use it from now on"}
	p.Fields = append([]web.FieldSpec{{Name: "old", Label: "Your password now", Kind: "password", Required: true, Autocomplete: "current-password", Hint: "So that nobody who finds this page open can do it."}},
		chosenPassword("New password")...)
	return v.show(status, formPage(p))
}

// chosenPassword are the fields for a password that somebody chooses.
func chosenPassword(label string) []web.FieldSpec {
	return []web.FieldSpec{{Name: "password", Label: label, Kind: "password", Required: true, Autocomplete: "new-password", Hint: "At least 12 characters. A few words are good."},
		{Name: "again", Label: label + " again", Kind: "password", Required: true, Autocomplete: "new-password"}}
}

func (c *Console) setPassword(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	no := newPassword(f)
	if no == nil {
		no = c.Authority.SetPassword(v.r.Context(), v.by, authority.NewPassword{Old: f.Get("old"), New: f.Get("password")})
	}
	switch {
	case v.retell(no):
		return v.showPassword(web.StatusOf(no), saying(no))
	case no != nil:
		return no
	}
	return v.to("/me?done=password")
}
