package gateway

import "slices"

// inTag takes a letter of a tag.
func (s *tagScan) inTag(c byte) (ends bool) {
	switch s.at {
	case inName, inAttr:
		return s.named(c)
	case beforeAttr, afterAttr, afterValue, slashed:
		return s.between(c)
	case beforeValue:
		switch {
		case spaced(c):
		case c == '"':
			s.at = inDouble
		case c == '\'':
			s.at = inSingle
		case c == '>':
			return s.ended()
		default:
			s.at = inBare
			s.keep(c)
		}
	case inDouble, inSingle:
		if s.at == inDouble && c == '"' || s.at == inSingle && c == '\'' {
			s.at = afterValue
			return false
		}
		s.keep(c)
	case inBare:
		if spaced(c) || c == '>' {
			s.at = beforeAttr
			return s.between(c)
		}
		s.keep(c)
	}
	return false
}

// named takes a letter of the name of the tag or of an attribute.
func (s *tagScan) named(c byte) (ends bool) {
	if spaced(c) || c == '/' || c == '>' || s.at == inAttr && c == '=' {
		if s.at = next(s.at); s.at == afterAttr {
			s.noted()
		}
		return s.between(c)
	}
	of := &s.name
	if s.at == inAttr {
		of = &s.attr
	}
	if len(*of) <= maxTagName {
		*of = append(*of, lower(c))
	}
	return false
}

// next is where a name leads when it is over.
func next(at lookout) lookout {
	if at == inAttr {
		return afterAttr
	}
	return beforeAttr
}

// between takes what stands between the name and attributes.
func (s *tagScan) between(c byte) (ends bool) {
	switch {
	case c == '>':
		s.selfish = s.at == slashed
		return s.ended()
	case c == '/':
		s.at = slashed
	case spaced(c):
		if s.at != afterAttr {
			s.at = beforeAttr
		}
	case c == '=' && s.at == afterAttr:
		s.at = beforeValue
	default:
		s.at, s.attr = inAttr, append(s.attr[:0], lower(c))
	}
	return false
}

// noted: the name of an attribute is known.
func (s *tagScan) noted() {
	_, twice := s.get(string(s.attr))
	if s.keeps = !twice && slices.Contains(wantedAttrs, string(s.attr)); s.keeps {
		s.attrs = append(s.attrs, attr{name: string(s.attr)})
	}
}

func (s *tagScan) keep(c byte) {
	if !s.keeps {
		return
	}
	a := &s.attrs[len(s.attrs)-1]
	if len(a.value) == maxAttr {
		a.cut, s.keeps = true, false
		return
	}
	a.value = append(a.value, c)
}

// get finds an attribute of the tag.
func (s *tagScan) get(name string) (attr, bool) {
	at := slices.IndexFunc(s.attrs, func(a attr) bool { return a.name == name })
	if at < 0 {
		return attr{}, false
	}
	return s.attrs[at], true
}
