package main

import (
	"math"

	"github.com/spf13/pflag"
)

// limited says how much of a list is read.
type limited struct{ most int }

func (l *limited) flag(f *pflag.FlagSet) {
	f.IntVar(&l.most, "limit", l.most, "most to print; 0 is all of them")
}

// pages asks for page after page until that is enough, and gives the token to go on with.
func (l limited) pages(next func(n int64, token string) (got int, more string, err error)) (token string, err error) {
	if l.most < 0 {
		return "", fail(exitUsage, "--limit 0 prints all of them", "--limit %d is less than nothing", l.most)
	}
	if l.most == 0 {
		l.most = math.MaxInt
	}
	for left := l.most; left > 0; {
		got, more, err := next(int64(min(left, 1000)), token)
		if err != nil || more == "" {
			return "", err
		}
		left, token = left-got, more
	}
	return token, nil
}
