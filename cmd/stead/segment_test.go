package main

import (
	"testing"

	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"

	"github.com/steadhq/stead"
)

// A11: the configuration puts applications, connected systems and what is only asked about in segments.
func TestSegmentsOfConfiguration(t *testing.T) {
	c := config.Config{Systems: []config.System{{ID: "crm"}, {ID: "hr"}}, AuthZEN: config.AuthZEN{Systems: []string{"pay"}},
		Segments: []config.Segment{{ID: "finance", Systems: []string{"crm", "pay", "shop"}}}}
	s := settings(c, []gateway.App{{App: stead.App{ID: "shop"}}})
	for id, want := range map[stead.AppID]string{"crm": "finance", "pay": "finance", "shop": "finance", "hr": ""} {
		if got := s.App(id).Segment; got != want {
			t.Errorf("%s lies in %q, want %q", id, got, want)
		}
	}
	if !s.Segmented() || settings(config.Config{Systems: c.Systems}, nil).Segmented() {
		t.Error("the law is in force once something lies in a segment, and not before")
	}
}
