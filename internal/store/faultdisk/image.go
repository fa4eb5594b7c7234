package faultdisk

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const sector = 512

// An image is what of one file is safe, and what was done to it since.
type image struct {
	path    string
	safe    []byte
	pending []change
}

// A change is a write of data at off, or a cut to size.
type change struct {
	data []byte
	off  int64
	cut  bool
}

func (m *image) write(b []byte, off int64) {
	m.pending = append(m.pending, change{data: append([]byte(nil), b...), off: off})
}

func (m *image) truncate(size int64) { m.pending = append(m.pending, change{off: size, cut: true}) }

func (m *image) sync() {
	for _, c := range m.pending {
		m.safe = c.apply(m.safe)
	}
	m.pending = nil
}

func (c change) apply(b []byte) []byte {
	if c.cut {
		return resize(b, int(c.off))
	}
	if end := int(c.off) + len(c.data); end > len(b) {
		b = resize(b, end)
	}
	copy(b[c.off:], c.data)
	return b
}

func resize(b []byte, n int) []byte {
	if n <= len(b) {
		return b[:n]
	}
	return append(b, make([]byte, n-len(b))...)
}

// after is what a power cut leaves: each pending sector survives with the given chance.
func (m *image) after(r *rand.Rand, chance float64) []byte {
	out := append([]byte(nil), m.safe...)
	for _, c := range m.pending {
		if c.cut {
			if r.Float64() < chance {
				out = c.apply(out)
			}
			continue
		}
		out = c.applyPart(out, r, chance)
	}
	return out
}

func (c change) applyPart(out []byte, r *rand.Rand, chance float64) []byte {
	for at := 0; at < len(c.data); {
		n := min(sector-int(c.off+int64(at))%sector, len(c.data)-at)
		if r.Float64() < chance {
			out = change{data: c.data[at : at+n], off: c.off + int64(at)}.apply(out)
		}
		at += n
	}
	return out
}

// known reads what is on disk of a file that is opened for the first time: that counts as safe.
func (d *Disk) known(path string, flags int32) (content []byte, existed bool) {
	if !d.track || kindOf(flags) == Any {
		return nil, false
	}
	d.mu.Lock()
	_, there := d.files[path]
	d.mu.Unlock()
	if there {
		return nil, false
	}
	b, err := os.ReadFile(path)
	return b, err == nil
}

func (d *Disk) imageOf(path string, before []byte, existed bool) *image {
	m, ok := d.files[path]
	if !ok {
		m = &image{path: path}
		d.files[path] = m
	}
	if existed {
		m.safe = before
	}
	return m
}

// Crash writes into dir what a power cut at this moment would leave of every file in the directory from. The same
// seed makes the same choice. The disk itself goes on unharmed.
func (d *Disk) Crash(from, dir string, seed uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := rand.New(rand.NewPCG(seed, 1))
	chance := []float64{0, 0.5, 0.9, 1}[r.IntN(4)]
	for _, m := range d.sorted() {
		if filepath.Dir(m.path) != filepath.Clean(from) {
			continue
		}
		to := filepath.Join(dir, filepath.Base(m.path))
		if err := os.WriteFile(to, m.after(r, chance), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// sorted lists the files in one order, so that a seed means the same each time.
func (d *Disk) sorted() []*image {
	all := slices.Collect(maps.Values(d.files))
	slices.SortFunc(all, func(a, b *image) int { return strings.Compare(a.path, b.path) })
	return all
}
