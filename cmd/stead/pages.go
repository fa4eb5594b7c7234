package main

import (
	"github.com/spf13/pflag"
)

// limited says how much of a list is read.
type limited struct{ most int }

func (l *limited) flag(f *pflag.FlagSet) { f.IntVar(&l.most, "limit", l.most, "most to print") }

// pages asks for page after page until that is enough, and gives the token to go on with.
func (l limited) pages(next func(n int64, token string) (got int, more string, err error)) (token string, err error) {
	for left := l.most; left > 0; {
		got, more, err := next(int64(min(left, 1000)), token)
		if err != nil || more == "" {
			return "", err
		}
		left, token = left-got, more
	}
	return token, nil
}
