package tokens

import (
	"strconv"
	"time"
)

// A date is a NumericDate (RFC 7519, 2) in whole seconds; what lies after the point is cut off.
type date int64

// latest keeps what is calculated with dates from running over.
const latest = 1 << 40

func (d *date) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(f >= 0 && f < latest) {
		return no("this is no time")
	}
	*d = date(f)
	return nil
}

func (d date) time() time.Time { return time.Unix(int64(d), 0) }
