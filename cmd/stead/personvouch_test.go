package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/house"
)

// A company of two gets its second person on the machine itself: with the store and its key, not with a sign-in (S-I30).
func TestVouchHere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stead")
	file := filepath.Join(dir, "stead.yaml")
	var talk bytes.Buffer
	stead1 := func(args ...string) int {
		talk.Reset()
		return run(&env{ctx: t.Context(), out: &talk, err: &talk, getenv: func(string) string { return "" }, now: time.Now, http: &http.Client{}}, args)
	}
	if code := stead1("init", dir, "--yes"); code != 0 {
		t.Fatalf("init exits with %d:\n%s", code, &talk)
	}
	cfg, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	within := func(do func(h *house.House)) {
		t.Helper()
		h, err := openHere(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		do(h)
		if code := stead1("person", "vouch", "staff/bob", "--config", file, "--reason", "x"); code == 0 {
			t.Error("vouched in a store that a server has open")
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	within(func(h *house.House) {
		_, group, _ := strings.Cut(cfg.Roles.Admin[0], "/")
		ann := authority.NewPerson{Directory: "staff", Name: "ann", Groups: []string{group}, Password: "correct horse", TOTP: secret}
		if _, err := h.Seed(t.Context(), []authority.NewPerson{ann}); err != nil {
			t.Fatal(err)
		}
		code, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		in, err := h.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "ann", Password: "correct horse", Code: code, Host: "stead.test"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Enroll(t.Context(), in.By, []authority.NewPerson{{Directory: "staff", Name: "bob", Password: "another horse"}}); err != nil {
			t.Fatal(err)
		}
	})
	if code := stead1("person", "vouch", "staff/bob", "--config", file); code != exitUsage {
		t.Errorf("without a reason: %d\n%s", code, &talk)
	}
	if code := stead1("person", "vouch", "staff/zoe", "--config", file, "--reason", "x"); code != exitNotFound {
		t.Errorf("nobody: %d\n%s", code, &talk)
	}
	if code := stead1("person", "vouch", "staff/bob", "--config", file, "--reason", "x"); code == 0 || !strings.Contains(talk.String(), "sets up an authenticator himself") {
		t.Errorf("before he has a factor of his own: %d\n%s", code, &talk)
	}
	within(func(h *house.House) {
		in, err := h.SignIn(t.Context(), authority.SignIn{Directory: "staff", Name: "bob", Password: "another horse", Host: "stead.test"})
		if err != nil {
			t.Fatal(err)
		}
		code, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := h.SetFactor(t.Context(), in.By, authority.NewFactor{Secret: secret, Code: code, Proof: "another horse"}); err != nil {
			t.Fatal(err)
		}
	})
	if code := stead1("person", "vouch", "staff/bob", "--config", file, "--reason", "our second one"); code != 0 {
		t.Errorf("exits with %d:\n%s", code, &talk)
	}
	within(func(h *house.House) {
		h.Store.View().Read(func(s *authority.State) {
			if p := s.Named("staff", "bob"); len(p.Hands) != 0 || p.Vouched != stead.Server {
				t.Errorf("%+v", p)
			}
		})
	})
}
