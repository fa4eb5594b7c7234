package stage

import (
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// Codes gives everybody's codes of the second factor, each once.
type Codes struct {
	mu    sync.Mutex
	spent map[string]int64 // the last time step, by person
}

// Next is a code of who's secret that was not used yet, as early as it is taken.
func (c *Codes) Next(t *testing.T, who, secret string) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	step := max(now.Add(-27*time.Second).Unix()/30, c.spent[who]+1) // one that is taken for some seconds yet
	for time.Now().Unix()/30 < step-1 {
		time.Sleep(100 * time.Millisecond) // people wait for their authenticators too
	}
	if c.spent == nil {
		c.spent = map[string]int64{}
	}
	c.spent[who] = step
	code, err := totp.GenerateCode(secret, time.Unix(step*30, 0))
	if err != nil {
		t.Fatal(err)
	}
	return code
}
