package story

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A story is a test: each line is a time, a person, what he does, what comes of it, and the events it leaves.
//
//	12:02 sam write /orders/7        -> read-only     request.denied
//
// What comes of it is "ok" or a reason code. Mandates are called m1, m2, … in the order they were asked for. Lines that
// begin with # are comments.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	server := pgtest.Start(t)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".txt")
		t.Run(name, func(t *testing.T) { tell(t, f, housetest.New(t)) })
		t.Run(name+" on PostgreSQL", func(t *testing.T) {
			one := housetest.New(t, func(o *house.Options) { o.DSN = server.Create(t) })
			if name == "clock" { // every node has a clock of its own, and people look at it there
				tell(t, f, one)
				return
			}
			tell(t, f, one, one.Beside())
		})
	}
}

// tell tells one story, each line at the next of the nodes.
func tell(t *testing.T, file string, nodes ...*housetest.House) {
	text, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	s := &story{T: t, by: map[string]authority.By{}}
	s.at(nodes[0])
	s.told = s.h.Store.Head().Size
	lines := bufio.NewScanner(text)
	for n := 1; lines.Scan(); n++ {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			s.at(nodes[n%len(nodes)])
			s.tell(n, line)
		}
	}
}

// at goes to a node, which knows then what the others have written, as its doors see to.
func (s *story) at(node *housetest.House) {
	if s.h = node; node.Store.Latest(s.Context()) != nil {
		s.Fatal("the node does not know the end of the log")
	}
}

type story struct {
	*testing.T
	h        *housetest.House
	by       map[string]authority.By
	mandates []stead.MandateID
	told     uint64
}

func (s *story) tell(n int, line string) {
	said, rest, ok := strings.Cut(line, "->")
	words, after := strings.Fields(said), strings.Fields(rest)
	if !ok || len(words) < 3 || len(after) == 0 {
		s.Fatalf("line %d is no line of a story: %s", n, line)
	}
	at, err := time.Parse("15:04", words[0])
	if err != nil {
		s.Fatalf("line %d: %v", n, err)
	}
	day := s.h.Clock.Wall().Truncate(24 * time.Hour)
	if d := day.Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).Sub(s.h.Clock.Wall()); d > 0 {
		s.h.Clock.Move(d)
	}
	got := "ok"
	if err := s.do(words[1], words[2], words[3:]); err != nil {
		got = string(stead.ReasonOf(err))
		if got == string(stead.ReasonBroken) {
			got = err.Error()
		}
	}
	if got != after[0] {
		s.Fatalf("line %d: %s\n\tgot %s", n, line, got)
	}
	if got := s.events(); !slices.Equal(got, after[1:]) {
		s.Fatalf("line %d: %s\n\tleft %q", n, line, got)
	}
}

// events are the kinds of what was recorded since the last line.
func (s *story) events() []string {
	size := s.h.Store.Head().Size
	if size == s.told {
		return []string{}
	}
	kinds := s.h.Kinds(int(size - s.told))
	s.told = size
	return kinds
}

func (s *story) id(name string) stead.MandateID {
	var n int
	if _, err := fmt.Sscanf(name, "m%d", &n); err != nil || n < 1 || n > len(s.mandates) {
		return stead.MandateID(name)
	}
	return s.mandates[n-1]
}

// who is a person; after an @ stands which of his sessions.
func (s *story) who(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if strings.Contains(name, "/") {
		return name
	}
	if _, staff := s.h.People["staff/"+name]; staff {
		return "staff/" + name
	}
	return "customers/" + name
}

// do does what a line says. Arguments that a verb needs and the line leaves out get the ordinary ones.
func (s *story) do(name, verb string, args []string) error {
	who := s.who(name)
	if do, ok := rights[verb]; ok {
		return do(s, name, args)
	}
	by, arg := s.by[name], ""
	if len(args) > 0 {
		arg = args[0]
	}
	if do, ok := verbs[verb]; ok {
		return do(s, by, who, arg, args)
	}
	s.Fatalf("a story knows no verb %q", verb)
	return nil
}
