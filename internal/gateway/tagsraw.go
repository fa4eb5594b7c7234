package gateway

// rawLetter takes a letter of what is text: of a script, a style, a text to be written.
func (s *tagScan) rawLetter(c byte) {
	switch {
	case c == '<' && s.foreign && s.odd: // a <style> or <title> of a picture holds elements
		s.giveUp()
	case c == '<':
		s.at, s.dashes, s.name, s.odd = rawOpens, 0, s.name[:0], true
	case s.nested == 0:
	case c == '-':
		s.dashes++
	case c == '>' && s.dashes >= 2:
		s.nested = 0
	default:
		s.dashes = 0
	}
}

// rawTag takes what follows < in it. In scripts <!-- begins what hides one more <script (HTML 13.2.5.20 to 13.2.5.31).
func (s *tagScan) rawTag(c byte) {
	script := s.raw == "script"
	switch {
	case s.at == rawOpens && c == '/':
		s.at = rawCloses
		return
	case s.at == rawOpens && c == '!' && script && s.nested == 0:
		s.at, s.dashes = rawBang, 0
		return
	case s.at == rawBang && c == '-':
		if s.dashes++; s.dashes == 2 {
			s.at, s.nested = inRaw, 1
		}
		return
	case (s.at == rawOpens || s.at == rawAgain) && letter(c) && script && s.nested == 1:
		s.at = rawAgain
		s.rawName(c)
		return
	case s.at == rawAgain && (spaced(c) || c == '/' || c == '>'):
		if string(s.name) == "script" {
			s.nested = 2
		}
		s.at = inRaw
		return
	}
	s.at, s.dashes = inRaw, 0
	s.rawLetter(c)
}

// rawEnds takes what follows </ in it.
func (s *tagScan) rawEnds(c byte) (ends bool) {
	switch delimits := spaced(c) || c == '/' || c == '>'; {
	case letter(c):
		s.rawName(c)
	case delimits && string(s.name) == s.raw && s.nested == 2:
		s.at, s.nested = inRaw, 1
	case delimits && string(s.name) == s.raw:
		s.opened(true)
		s.name = append(s.name, s.raw...)
		return s.inTag(c)
	default:
		s.at = inRaw
		s.rawLetter(c)
	}
	return false
}

func (s *tagScan) rawName(c byte) {
	if len(s.name) <= maxTagName {
		s.name = append(s.name, lower(c))
	}
}
