package health

import (
	"sync"
	"time"

	"github.com/steadhq/stead"
)

// An Answer is what an application answered, or was answered for it, and when.
type Answer struct {
	Status int
	At     time.Time
}

// Failed tells whether it was no answer of the application's, or one that it failed.
func (a Answer) Failed() bool { return a.Status >= 500 }

// Answers are the newest of an application: of all, and of those that failed.
type Answers struct{ Last, Failed Answer }

// lately keeps the newest answers of every application.
type lately struct {
	mu  sync.Mutex
	all map[stead.AppID]Answers
}

func (l *lately) note(app stead.AppID, a Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[stead.AppID]Answers{}
	}
	now := l.all[app]
	now.Last = a
	if a.Failed() {
		now.Failed = a
	}
	l.all[app] = now
}

// Lately gives the newest answers of an application since this server started.
func (m *Metrics) Lately(app stead.AppID) Answers {
	m.last.mu.Lock()
	defer m.last.mu.Unlock()
	return m.last.all[app]
}
