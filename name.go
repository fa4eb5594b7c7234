package stead

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an account may say of itself, in bytes, and how many groups it may be in.
const (
	mostDirectory = 64
	mostName      = 128 // of an account, a group, an attribute
	mostShown     = 256
	MostText      = 1024 // of an attribute, and of what tells that accounts are one human
	mostGroups    = 256
	leastPassword = 12 // characters, of one that somebody chooses for himself
)

// Wrong tells what is wrong with what an account says of itself and what to write instead, "" where nothing is. It is
// the one rule for every door that accounts come through.
func (p Principal) Wrong() string {
	for _, text := range []string{WrongDirectory(p.Directory), WrongName(p.Name), WrongShown(p.Shown), WrongGroups(p.Groups)} {
		if text != "" {
			return text
		}
	}
	return WrongAttributes(p.Attributes)
}

// WrongDirectory tells what is wrong with the name of a directory.
func WrongDirectory(v string) string { return wrongName("directory", v, mostDirectory) }

// WrongName tells what is wrong with the name of an account: it must be told from others by looking at it, and
// "directory/name" must be read in one way only.
func WrongName(v string) string { return wrongName("account", v, mostName) }

// WrongGroup tells what is wrong with the name of a group. A '/' would let it pass for a group of another directory.
func WrongGroup(v string) string { return wrongName("group", v, mostName) }

func wrongName(of, v string, most int) string {
	switch {
	case v == "":
		return "the name of the " + of + " is missing"
	case len(v) > most:
		return fmt.Sprintf("the name of the %s is too long: it has at most %d bytes", of, most)
	case strings.ContainsAny(v, "/ ") || !printable(v):
		return fmt.Sprintf("%s is no name for the %s: no spaces, no '/', nothing invisible", quoted(v), of)
	}
	return ""
}

// WrongGroups tells what is wrong with the groups of an account.
func WrongGroups(all []string) string {
	if len(all) > mostGroups {
		return fmt.Sprintf("one account has at most %d groups", mostGroups)
	}
	for _, g := range all {
		if text := WrongGroup(g); text != "" {
			return text
		}
	}
	return ""
}

// WrongShown tells what is wrong with the name to show.
func WrongShown(v string) string { return WrongText("name to show", v, mostShown) }

// WrongText tells what is wrong with a text of at most so many bytes: it is one line that shows what it is. What is cut
// or hidden on its way to a page or a header would make two people one.
func WrongText(what, v string, most int) string {
	switch {
	case len(v) > most:
		return fmt.Sprintf("the %s is too long: it has at most %d bytes", what, most)
	case strings.TrimSpace(v) != v:
		return fmt.Sprintf("the %s has white space at its ends: take it away", what)
	case !printable(v):
		return fmt.Sprintf("the %s holds characters that cannot be shown: take them away", what)
	}
	return ""
}

// WrongPassword tells what is wrong with a password that somebody chooses for himself.
func WrongPassword(v string) string {
	if utf8.RuneCountInString(v) < leastPassword {
		return fmt.Sprintf("a password of at least %d characters is wanted: a few words are good", leastPassword)
	}
	return ""
}

// WrongTransaction tells what is wrong with the id of a transaction, which is its service's own: 1 to 128 visible characters of ASCII,
// so that no two look alike to who agrees.
func WrongTransaction(id string) string {
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "the id of a transaction is 1 to 128 visible characters of ASCII, without spaces"
	}
	return ""
}

// WrongAttributes tells what is wrong with the attributes of an account. A '=' in a name would let one pass for another
// where they are written "name=value".
func WrongAttributes(all map[string]string) string {
	for name, v := range all {
		switch {
		case name == "" || len(name) > mostName || strings.Contains(name, "=") || !printable(name):
			return fmt.Sprintf("%s is no name for an attribute: no '=', nothing invisible, at most %d bytes", quoted(name), mostName)
		case WrongText("", v, MostText) != "":
			return WrongText(fmt.Sprintf("attribute %s", name), v, MostText)
		}
	}
	return ""
}

// hides tells whether a text of one or more lines holds what cannot be seen: who agrees by what he reads must read all of it.
func hides(text string) bool { return !printable(strings.Join(strings.Fields(text), " ")) }

// printable tells whether s is one line that shows what it is: no control, no direction marks, no lone surrogates, nothing that
// takes a letter's place and shows nothing.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r != ' ' && !unicode.IsPrint(r) || blank(r) })
}

// quoted is the beginning of a text so that all of it is seen.
func quoted(s string) string {
	if printable(s) {
		return fmt.Sprintf("%.40q", s)
	}
	return fmt.Sprintf("%+.40q", s)
}

const brailleBlank = '\u2800'

// blank tells what Unicode counts among what is printed, although it shows nothing: fillers, and what chooses between forms of a letter.
func blank(r rune) bool {
	return r == brailleBlank || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
