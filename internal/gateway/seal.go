package gateway

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// What an application gives while somebody acts is kept by his browser, sealed: the name of such a cookie says whose
// mandate's it is, and nothing of it can be read, or used anywhere else.
const (
	jarPrefix = "stead-jar-" // the application's
	oldPrefix = "stead-old-" // the actor's own, until the end
)

// jarName begins the names of a mandate's cookies.
func jarName(id stead.MandateID) string { return jarPrefix + id.Label()[:8] + "-" }

// box seals for one mandate and one use. Every node has the same.
func (g *Gateway) box(use string, id stead.MandateID) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, g.JarKey, nil, "stead gateway "+use+"\x00"+string(id), 32)
	if err != nil {
		return nil, stead.Because(err, "derive a key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, stead.Because(err, "make a cipher")
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return aead, stead.Because(err, "make a cipher")
}

// seal writes fields, none of which holds a NUL, so that only box and app give them back.
func seal(box cipher.AEAD, app stead.AppID, fields ...string) string {
	return base64.RawURLEncoding.EncodeToString(box.Seal(nil, nil, []byte(strings.Join(fields, "\x00")), []byte(app)))
}

// unseal is not ok when text is not what seal wrote with the same box for the same application.
func unseal(box cipher.AEAD, app stead.AppID, text string) (fields []string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, false
	}
	plain, err := box.Open(nil, nil, raw, []byte(app))
	if err != nil {
		return nil, false
	}
	return strings.Split(string(plain), "\x00"), true
}

// outer is the name under which the browser keeps c. What is no token is written so that it is one.
func outer(id stead.MandateID, name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}~`, r) }) {
		name = "~" + base64.RawURLEncoding.EncodeToString([]byte(name))
	}
	return jarName(id) + name
}

// sealed is c as the browser keeps it. It is not ok when that would be too large for one.
func (c cookie) sealed(box cipher.AEAD, app stead.AppID, id stead.MandateID) (sealed cookie, ok bool) {
	until := int64(0)
	if !c.until.IsZero() {
		until = c.until.Unix()
	}
	sealed = c
	sealed.name = outer(id, c.name)
	sealed.value = seal(box, app, c.name, c.value, c.domain, c.path, strconv.FormatInt(until, 36), strconv.FormatInt(c.made.UnixMilli(), 36))
	return sealed, len(sealed.name)+len(sealed.value) <= maxCookie
}

// openCookie gives back what was sealed under name.
func openCookie(box cipher.AEAD, app stead.AppID, id stead.MandateID, name, text string) (c cookie, ok bool) {
	f, ok := unseal(box, app, text)
	if !ok || len(f) != 6 || outer(id, f[0]) != name {
		return c, false
	}
	until, err1 := strconv.ParseInt(f[4], 36, 64)
	made, err2 := strconv.ParseInt(f[5], 36, 64)
	c = cookie{name: f[0], value: f[1], domain: f[2], path: f[3], made: time.UnixMilli(made)}
	if until != 0 {
		c.until = time.Unix(until, 0)
	}
	return c, err1 == nil && err2 == nil
}

// carried are the cookies of v's mandate that were sent along, whatever they are for.
func (g *Gateway) carried(v *visit, sent []pair) []cookie {
	id := v.who.mandate.ID
	ours := jarName(id)
	if !slices.ContainsFunc(sent, func(p pair) bool { return strings.HasPrefix(p.name, ours) }) {
		return nil
	}
	box, err := g.box("jar", id)
	if err != nil {
		return nil
	}
	var list []cookie
	for _, p := range sent {
		if !strings.HasPrefix(p.name, ours) {
			continue
		}
		if c, ok := openCookie(box, v.app.ID, id, p.name, p.value); ok && !c.over(g.Now()) {
			list = append(list, c)
		}
	}
	return list
}
