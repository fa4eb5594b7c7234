package survey

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// A Watch sees what a request left behind.
type Watch interface {
	// Changes are the names of what was changed since it was asked last, sorted: "UPDATE sessions",
	// "file uploads/7.png". A name stands there once.
	Changes(context.Context) ([]string, error)
}

// Watches are several as one.
type Watches []Watch

// Changes are those of all of them.
func (w Watches) Changes(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	for _, one := range w {
		names, err := one.Changes(ctx)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			seen[n] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// A folder is a tree of files under watch.
type folder struct {
	root  *os.Root
	known map[string]string
}

// WatchFolder watches a tree of files: what came, what went, and what was written to.
func WatchFolder(dir string) (Watch, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{root: root}
	_, err = f.Changes(context.Background())
	return f, err
}

func (f *folder) Changes(ctx context.Context) ([]string, error) {
	now := map[string]string{}
	err := fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil // it went while we looked
		case d.IsDir():
			return nil
		}
		if i, err := d.Info(); err == nil {
			now[name] = fmt.Sprint(i.Size(), i.ModTime().UnixNano(), i.Mode())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for name, mark := range now {
		if f.known[name] != mark {
			changed["file "+filepath.ToSlash(name)] = true
		}
	}
	for name := range f.known {
		if now[name] == "" {
			changed["file "+filepath.ToSlash(name)] = true
		}
	}
	f.known = now
	return slices.Sorted(maps.Keys(changed)), nil
}

// statements are those of a log, a file that grows.
type statements struct {
	name   string
	offset int64
}

// WatchLog watches a log of statements: the general log of MariaDB, or that of PostgreSQL with log_statement = mod or
// all.
func WatchLog(file string) (Watch, error) {
	i, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	return &statements{name: file, offset: i.Size()}, nil
}

func (s *statements) Changes(context.Context) ([]string, error) {
	f, err := os.Open(s.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if i.Size() < s.offset { // it was begun anew
		s.offset = 0
	}
	grown := make([]byte, i.Size()-s.offset)
	n, err := f.ReadAt(grown, s.offset)
	if n < len(grown) {
		return nil, err
	}
	whole := grown[:bytes.LastIndexByte(grown, '\n')+1] // the last line may not be there yet
	s.offset += int64(len(whole))
	return writes(string(whole)), nil
}

// writing finds statements that change something. Values in quotes are taken away before.
var (
	quoted  = regexp.MustCompile(`(?s)'(?:[^'\\]|''|\\.)*'`)
	writing = regexp.MustCompile("(?i)(\\w+\\s+)?\\b(insert\\s+(?:(?:low_priority|delayed|high_priority|ignore|or\\s+\\w+)\\s+)*into|replace\\s+(?:(?:low_priority|delayed)\\s+)?into|" +
		"update(?:\\s+(?:low_priority|ignore|only|or\\s+\\w+))*|delete\\s+(?:(?:low_priority|quick|ignore)\\s+)*from(?:\\s+only)?|merge\\s+into|truncate(?:\\s+table)?|" +
		"(?:create|alter|drop)\\s+table(?:\\s+if\\s+(?:not\\s+)?exists)?|copy)\\s+([\\w.`\"\\[\\]$]+)")
)

// writes names what the statements of a text change.
func writes(text string) []string {
	seen := map[string]bool{}
	for _, m := range writing.FindAllStringSubmatch(quoted.ReplaceAllString(text, "''"), -1) {
		verb, table := firstWord(m[2]), bare(m[3])
		switch before := firstWord(m[1]); {
		case verb == "UPDATE" && slices.Contains([]string{"FOR", "KEY", "DO", "ON", "NO"}, before): // a lock, or a part of an INSERT
		case table == "set" || table == "nowait" || table == "skip" || table == "of":
		default:
			seen[verb+" "+table] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
