package agents

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// R39: may_act of a token is met, whatever its mandate says; an actor_token is of the client, and of the key that it proves.
func TestMayActAlone(t *testing.T) {
	c := chained(t, nil)
	const issuer = "https://stead.test"
	shown, err := c.IssueToken(t.Context(), c.itself("first"), authority.TokenWish{Issuer: issuer, Key: stead.AgentKey{Thumbprint: "first runs"}, Mandate: c.m[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	own, err := c.IssueToken(t.Context(), c.itself("second"), authority.TokenWish{Issuer: issuer, Key: stead.AgentKey{Thumbprint: "second runs"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		mayAct string
		actor  authority.Token
		key    string
		why    stead.Reason
	}{
		"nobody is named": {"", authority.Token{}, "k", stead.ReasonNone}, "he is": {"agent:agents/second", own, "second runs", stead.ReasonNone},
		"another is": {"agent:agents/third", authority.Token{}, "k", stead.ReasonNotYours}, "of another key": {"", own, "k", stead.ReasonNotYours},
		"another's": {"", shown, "first runs", stead.ReasonNotYours},
	} {
		x := authority.Exchange{TokenWish: authority.TokenWish{Issuer: issuer, Key: stead.AgentKey{Thumbprint: r.key}}, Shown: shown, Actor: r.actor}
		x.Shown.MayAct = r.mayAct
		_, err := c.ExchangeToken(t.Context(), c.itself("second"), x)
		if stead.ReasonOf(err) != r.why || err != nil && stead.KindOf(err) != stead.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// itself is an agent with its own key.
func (c *chain) itself(name string) authority.By { return c.world.by(name + "'s key") }
