package authority

// A table is a map that may lie over another: what it does not know itself, it asks below. A nil value hides the
// key from below.
type table[K comparable, V any] struct {
	own  map[K]*V
	base *table[K, V]
}

func (t *table[K, V]) get(k K) *V {
	for t := t; t != nil; t = t.base {
		if v, ok := t.own[k]; ok {
			return v
		}
	}
	return nil
}

func (t *table[K, V]) put(k K, v *V) {
	if t.own == nil {
		t.own = make(map[K]*V)
	}
	if v == nil && t.base == nil {
		delete(t.own, k)
		return
	}
	t.own[k] = v
}

// over gives an empty table that lies over t.
func (t *table[K, V]) over() table[K, V] { return table[K, V]{base: t} }

// merge takes all that lies in top, which lay over t.
func (t *table[K, V]) merge(top *table[K, V]) {
	for k, v := range top.own {
		t.put(k, v)
	}
}

// many tells whether there are n values or more.
func (t *table[K, V]) many(n int) bool {
	t.each(func(K, *V) { n-- })
	return n <= 0
}

// each calls f for every value, those below included.
func (t *table[K, V]) each(f func(K, *V)) {
	for top := t; top != nil; top = top.base {
		for k, v := range top.own {
			if v != nil && t.get(k) == v {
				f(k, v)
			}
		}
	}
}
