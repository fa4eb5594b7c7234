package agents

import (
	"net/http"
	"sync"
	"testing"

	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A proof that was read off the wire and is shown at another node at once: what it asks for is done once, on all nodes together.
func TestProofOnTwoNodes(t *testing.T) {
	server := pgtest.Start(t)
	o := newOutside(t, func(x *house.Options) { x.DSN = server.Create(t) })
	l := listen(t)
	o.serve(o.Beside(), l)
	nodes := []string{o.at, "http://" + l.Addr().String()}
	run := newKey(t)
	token := o.token(run)
	for round := range 5 {
		head := map[string]string{"Content-Type": "application/json", "Authorization": "DPoP " + token, "DPoP": o.proves(run, "POST", "/v1/tasks", token)}
		answers := make([]said, 2)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				to := outside{world: o.world, at: nodes[i], origin: o.origin}
				answers[i] = to.send("POST", "/v1/tasks", `{"task":"monthly"}`, head)
			})
		}
		all.Wait()
		made, used := 0, 0
		for _, s := range answers {
			switch {
			case s.status == http.StatusAccepted:
				made++
			case s.text("reason_code") == "used":
				used++
			default:
				t.Error(s)
			}
		}
		if made != 1 || used != 1 {
			t.Errorf("round %d: made %d, refused %d", round, made, used)
		}
	}
}
