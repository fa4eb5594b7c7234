package authzen

// The three ways to go through a batch.
const (
	executeAll    = "execute_all"
	denyOnFirst   = "deny_on_first_deny"
	permitOnFirst = "permit_on_first_permit"
)

const (
	mostItems = 10_000
	atOnce    = 256 // records under way
)

type answers struct {
	Evaluations []answer `json:"evaluations"`
}

// A batch is many questions: what an item leaves out the whole says.
type batch struct {
	defaults fields
	items    []any
	semantic string
}

func (f fields) batch() (b batch, err error) {
	if v, there := f["evaluations"]; there {
		if b.items, there = v.([]any); !there {
			return b, bad("evaluations must be a list")
		}
	}
	if len(b.items) > mostItems {
		return b, bad("one request asks for at most %d evaluations", mostItems)
	}
	options, err := f.object("options")
	if err != nil {
		return b, err
	}
	switch b.semantic, err = options.text("evaluations_semantic"); {
	case err != nil:
		return b, err
	case b.semantic == "":
		b.semantic = executeAll
	case b.semantic != executeAll && b.semantic != denyOnFirst && b.semantic != permitOnFirst:
		return b, bad("evaluations_semantic is %s, %s or %s", executeAll, denyOnFirst, permitOnFirst)
	}
	b.defaults = fields{}
	for name, n := range map[string]needs{"subject": both, "action": nameAlone, "resource": both} {
		if v, there := f[name]; there {
			if _, err := f.entity(name, n); err != nil {
				return b, err
			}
			b.defaults[name] = v
		}
	}
	if v, there := f["context"]; there {
		b.defaults["context"] = v
		_, err = f.claims()
	}
	return b, err
}

// item is one question of a batch.
func (b batch) item(v any) (evaluation, error) {
	own, err := object("the evaluation", v)
	if err != nil {
		return evaluation{}, err
	}
	for name, v := range b.defaults {
		if _, said := own[name]; !said {
			own[name] = v
		}
	}
	return own.evaluation()
}

// evaluations answers many questions, each as it would be alone. Without any it is one.
func (d *Door) evaluations(a asking) (any, error) {
	b, err := a.body.batch()
	if err != nil {
		return nil, err
	}
	if len(b.items) == 0 {
		return d.evaluation(a)
	}
	if b.semantic == executeAll {
		return d.all(a, b)
	}
	out := answers{}
	for _, v := range b.items {
		one := d.one(a, b, v)
		out.Evaluations = append(out.Evaluations, one)
		if one.Decision == (b.semantic == permitOnFirst) {
			break
		}
	}
	return out, a.Err()
}

func (d *Door) one(a asking, b batch, v any) answer {
	e, err := b.item(v)
	if err != nil {
		return failed(err)
	}
	p, err := d.decide(a, e)
	if err != nil {
		return failed(err)
	}
	out, err := d.wait(p)
	if err != nil {
		return failed(err)
	}
	return out
}

// all lets the records of many decisions go to the disk together.
func (d *Door) all(a asking, b batch) (answers, error) {
	out := answers{make([]answer, len(b.items))}
	for from := 0; from < len(b.items) && a.Err() == nil; from += atOnce {
		some := b.items[from:min(from+atOnce, len(b.items))]
		under := make([]pending, len(some))
		for i, v := range some {
			e, err := b.item(v)
			if err == nil {
				under[i], err = d.decide(a, e)
			}
			if err != nil {
				out.Evaluations[from+i] = failed(err)
			}
		}
		for i, p := range under {
			if p.p == nil {
				continue
			}
			one, err := d.wait(p)
			if err != nil {
				one = failed(err)
			}
			out.Evaluations[from+i] = one
		}
	}
	return out, a.Err()
}
