package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// What broke off between the request and its start is started by the same request, not asked for again.
func TestOnceGoesOn(t *testing.T) {
	r := newRig(t)
	r.desk.trail = trail(3)
	r.desk.trail[1].Mandate = "man_1"
	r.desk.done, r.desk.made = 2, stead.Approved
	wish := `{"subject":"customers/dana","app":"orders","reason":"SUP-1","start":true,"code":"123456"}`
	w := r.do("POST", "/v1/mandates", "stp_sam", wish, keyHeader, "k")
	if got := strings.Join(r.desk.asked, ", "); w.Code != 201 || got != "mandate, start man_1 123456" || w.Header().Get(replayedHeader) != "true" {
		t.Errorf("%d %s after %s", w.Code, w.Body, got)
	}
	r.desk.asked, r.desk.made = nil, stead.Active
	if w = r.do("POST", "/v1/mandates", "stp_sam", wish, keyHeader, "k"); w.Code != 201 || len(r.desk.asked) != 1 {
		t.Errorf("%d after %v", w.Code, r.desk.asked)
	}
}

// The verb that a request is for is tied to what the caller said, and no other.
func TestTied(t *testing.T) {
	r := newRig(t)
	wish := `{"subject":"customers/dana","app":"orders","reason":"SUP-1"}`
	r.do("POST", "/v1/mandates", "stp_sam", wish, keyHeader, "k")
	one := r.desk.tied
	if one.Key != "k" || !strings.HasPrefix(one.Request, "POST /v1/mandates ") || strings.Contains(one.Request, "dana") {
		t.Errorf("%+v", one)
	}
	r.do("POST", "/v1/mandates", "stp_sam", wish+" ", keyHeader, "k")
	if r.desk.tied.Request == one.Request {
		t.Error("another body is the same request")
	}
	r.do("PATCH", "/v1/people/prn_dana", "stp_ada", `{"disabled":true}`, "If-Match", `"3" , W/"4"`)
	if p := r.desk.tied; p.Kind != stead.KindPrincipal || p.ID != "prn_dana" || p.Tags != "3,none" || p.Key != "" {
		t.Errorf("%+v", p)
	}
	r.do("DELETE", "/v1/people/prn_dana", "stp_ada", "", "If-Match", "*", keyHeader, "k")
	if p := r.desk.tied; p.Tags != "*" || p.Key != "" {
		t.Errorf("what is done once anyhow needs no key: %+v", p)
	}
	for _, wrong := range []string{"3", `"3`, `""`, `"1",,"2"`} {
		r.desk.asked = nil
		if w := r.do("PATCH", "/v1/people/prn_dana", "stp_ada", `{"disabled":true}`, "If-Match", wrong); w.Code != 400 || len(r.desk.asked) > 0 {
			t.Errorf("%s: %d after %v", wrong, w.Code, r.desk.asked)
		}
	}
}

func TestUnchanged(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/v1/mandates/man_1", "/v1/people/prn_dana", "/v1/sessions/ses_1", "/v1/policy"} {
		w := r.do("GET", path, "stp_aud", "")
		tag := w.Header().Get("ETag")
		if w.Code != 200 || tag == "" {
			t.Errorf("%s: %d %q", path, w.Code, tag)
		}
		w = r.do("GET", path, "stp_aud", "", "If-None-Match", `"x", W/`+tag)
		if w.Code != http.StatusNotModified || w.Body.Len() > 0 || w.Header().Get("ETag") != tag {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w = r.do("GET", path, "stp_aud", "", "If-None-Match", "*"); w.Code != http.StatusNotModified {
			t.Errorf("%s for *: %d", path, w.Code)
		}
	}
	if w := r.do("GET", "/v1/mandates", "stp_aud", "", "If-None-Match", "*"); w.Code != 200 {
		t.Errorf("a list: %d", w.Code)
	}
}

// Lists that are short today go on like those that are long: nothing twice, nothing left out, in order.
func TestPieces(t *testing.T) {
	for list, id := range map[string]string{"agents": "account", "instances": "id", "apps": "id"} {
		r := newRig(t, func(a *API) {
			for _, id := range []stead.AppID{"wiki", "crm", "shop", "mail"} {
				a.Apps = append(a.Apps, stead.App{ID: id})
			}
		})
		r.desk.fleet = []string{"zoe", "amy", "tidy", "mail"}
		var got []string
		pages, at := 0, "/v1/"+list+"?limit=2"
		for ; at != "" && pages < 9; pages++ {
			w := r.do("GET", at, "stp_sec", "")
			var body map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &body); w.Code != 200 || err != nil {
				t.Fatalf("%s: %d %s", at, w.Code, w.Body)
			}
			for _, one := range body[list].([]any) {
				got = append(got, one.(map[string]any)[id].(string))
			}
			at, _, _ = strings.Cut(strings.TrimPrefix(w.Header().Get("Link"), "<"), ">")
		}
		if pages != 3 || len(got) != 5 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != 5 {
			t.Errorf("%s: %d pages, %v", list, pages, got)
		}
		if w := r.do("GET", "/v1/"+list+"?limit=0", "stp_sec", ""); w.Code != 400 && w.Code != 422 {
			t.Errorf("%s: %d", list, w.Code)
		}
	}
}

// A token of another list, of another filter or of nobody's making is an error that says so.
func TestTokensAreBound(t *testing.T) {
	r := newRig(t)
	w := r.do("GET", "/v1/mandates?all=true&state=active&limit=1", "stp_sec", "")
	_, token, _ := strings.Cut(w.Body.String(), `"next_page_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	if token == "" || !strings.Contains(w.Header().Get("Link"), `page_token=`+token) || !strings.HasSuffix(w.Header().Get("Link"), `; rel="next"`) {
		t.Fatalf("%s %s", w.Body, w.Header().Get("Link"))
	}
	if w = r.do("GET", "/v1/mandates?state=active&limit=7&all=true&page_token="+token, "stp_sec", ""); w.Code != 200 || r.desk.list.After.ID != "man_1" || !r.desk.list.After.At.Equal(noon) {
		t.Errorf("%d %s %+v", w.Code, w.Body, r.desk.list)
	}
	for name, target := range map[string]string{
		"another filter": "/v1/mandates?all=true&state=asked&page_token=", "no filter": "/v1/mandates?page_token=",
		"another list": "/v1/people?page_token=", "events": "/v1/events?page_token=", "apps": "/v1/apps?page_token=", "sessions": "/v1/sessions?page_token=",
	} {
		if w := r.do("GET", target+token, "stp_sec", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "another list or another filter") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, made := range []string{"x", "MTIz", "%21", strings.Repeat("a", 40)} {
		if w := r.do("GET", "/v1/mandates?page_token="+made, "stp_sec", ""); w.Code != 400 {
			t.Errorf("%s: %d", made, w.Code)
		}
	}
	if w := r.do("GET", "/v1/people?limit=1", "stp_sec", ""); !strings.Contains(w.Body.String(), "next_page_token") {
		t.Errorf("%s", w.Body)
	}
}
