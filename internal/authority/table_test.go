package authority

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// A table over tables is a map: whatever is put, hidden, laid over and merged, it holds what a plain map holds.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers := []*table[int, string]{{}}
		plain := []map[int]string{{}}
		key := rapid.IntRange(0, 5)
		top := func() (*table[int, string], map[int]string) { return layers[len(layers)-1], plain[len(plain)-1] }
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				l, p := top()
				k, v := key.Draw(t, "key"), rapid.StringN(1, 2, -1).Draw(t, "value")
				l.put(k, &v)
				p[k] = v
			},
			"hide": func(t *rapid.T) {
				l, p := top()
				k := key.Draw(t, "key")
				l.put(k, nil)
				delete(p, k)
			},
			"over": func(*rapid.T) {
				l, p := top()
				o := l.over()
				layers, plain = append(layers, &o), append(plain, maps.Clone(p))
			},
			"merge": func(*rapid.T) {
				if n := len(layers); n > 1 {
					layers[n-2].merge(layers[n-1])
					plain[n-2] = plain[n-1]
					layers, plain = layers[:n-1], plain[:n-1]
				}
			},
			"drop": func(*rapid.T) {
				if n := len(layers); n > 1 {
					layers, plain = layers[:n-1], plain[:n-1]
				}
			},
			"": func(t *rapid.T) {
				for i, l := range layers {
					same(t, l, plain[i])
				}
			},
		})
	})
}

func same(t *rapid.T, l *table[int, string], p map[int]string) {
	seen := map[int]string{}
	l.each(func(k int, v *string) {
		if _, twice := seen[k]; twice {
			t.Fatalf("each came to %d twice", k)
		}
		seen[k] = *v
	})
	if !maps.Equal(seen, p) {
		t.Fatalf("each gave %v, want %v", seen, p)
	}
	for k := range 6 {
		v, ok := p[k]
		if got := l.get(k); (got != nil) != ok || ok && *got != v {
			t.Fatalf("%d: %v, want %q %v", k, got, v, ok)
		}
	}
	if l.base == nil && len(l.own) != len(p) {
		t.Fatalf("the lowest table keeps %d hidden keys", len(l.own)-len(p))
	}
}
