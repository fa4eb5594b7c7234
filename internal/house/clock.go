package house

import (
	"time"

	"golang.org/x/sys/unix"
)

// Boot is the time since the machine started, the time it was suspended included (CLOCK_BOOTTIME). Where there is no
// such clock it is how long this process has run.
func Boot() func() time.Duration {
	start := time.Now()
	return func() time.Duration {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
			return time.Since(start)
		}
		return time.Duration(t.Nano())
	}
}
