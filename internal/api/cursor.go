package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Page is how a list is asked for, piece by piece.
type Page struct {
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"at most so many; fewer may come although more follow"`
	Token string `query:"page_token" maxLength:"512" doc:"next_page_token of the page before, for the same list and filter"`
}

// A Next is how a list goes on (RFC 8288).
type Next struct {
	Link string `header:"Link" doc:"the next page, rel=next"`
}

// A NextPage is the member of a list that goes on.
type NextPage struct {
	Token string `json:"next_page_token,omitempty" doc:"missing on the last page"`
}

// bound is the part of a token that stands for the list and its filter.
const bound = 8

// place reads the place that a token stands for; "" is the beginning.
func place(ctx context.Context, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) <= bound {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "page_token is none that a page gave")
	}
	if string(raw[:bound]) != list(ctx) {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "page_token belongs to another list or another filter: begin again without it")
	}
	return string(raw[bound:]), nil
}

// onward gives the token of a place, and the link that leads there. The place "" is the end.
func onward(ctx context.Context, place string) (NextPage, Next) {
	if place == "" {
		return NextPage{}, Next{}
	}
	token := base64.RawURLEncoding.EncodeToString([]byte(list(ctx) + place))
	u := ctx.Value(callKey{}).(*call).r.URL
	q := u.Query()
	q.Set("page_token", token)
	return NextPage{token}, Next{"<" + (&url.URL{Path: u.Path, RawQuery: q.Encode()}).String() + `>; rel="next"`}
}

// piece is the page of a list of all that can be told apart by a key, in the order of the keys.
func piece[T any](ctx context.Context, in *Page, all []T, key func(T) string) ([]T, NextPage, Next, error) {
	after, err := place(ctx, in.Token)
	if err != nil {
		return nil, NextPage{}, Next{}, err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(v T) bool { return key(v) <= after })
	slices.SortFunc(left, func(v, w T) int { return cmp.Compare(key(v), key(w)) })
	next := ""
	if len(left) > in.Limit {
		left = left[:in.Limit]
		next = key(left[in.Limit-1])
	}
	page, link := onward(ctx, next)
	return left, page, link, nil
}

// list stands for the list that is asked for, with its filter and order.
func list(ctx context.Context) string {
	u := ctx.Value(callKey{}).(*call).r.URL
	q := u.Query()
	q.Del("page_token")
	q.Del("limit")
	sum := sha256.Sum256([]byte(u.Path + "?" + q.Encode()))
	return string(sum[:bound])
}

// A place in a list, newest first, is written as its microsecond and id.
func placed(p authority.Place) string {
	if p == (authority.Place{}) {
		return ""
	}
	return strconv.FormatInt(p.At.UnixMicro(), 36) + "/" + p.ID
}

func toPlace(ctx context.Context, token string) (authority.Place, error) {
	s, err := place(ctx, token)
	if s == "" || err != nil {
		return authority.Place{}, err
	}
	at, id, _ := strings.Cut(s, "/")
	n, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return authority.Place{}, stead.E(stead.Invalid, stead.ReasonRequest, "page_token is none that a page gave")
	}
	return authority.Place{At: time.UnixMicro(n).UTC(), ID: id}, nil
}
