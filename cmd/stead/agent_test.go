package main

import (
	"maps"
	"os"
	"testing"

	"github.com/steadhq/stead/internal/cedar"
)

// The example of an agent is one that stead apply reads, and its policy one that stands beside the default.
func TestExampleOfAgents(t *testing.T) {
	e := &env{}
	got, err := e.readFiles([]string{"../../examples/agents/monthly-report.yaml"})
	if err != nil || len(got.agents) != 1 || len(got.agents[0].Tasks[0].Grants) != 2 || len(got.agents[0].Keys) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	rules, err := os.ReadFile("../../examples/agents/agents.cedar")
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(cedar.Default())
	files["agents.cedar"] = string(rules)
	if _, err := cedar.New().Check(files); err != nil {
		t.Error(err)
	}
}

// The example of duties is one that stead apply reads.
func TestExampleOfDuties(t *testing.T) {
	e := &env{}
	got, err := e.readFiles([]string{"../../examples/agents/duties.yaml"})
	if err != nil || len(got.exclusions) != 2 || got.exclusions[1].Same != "argument:payment_id" || len(got.flows) != 1 || got.flows[0].To != "finance" {
		t.Fatalf("%+v, %v", got, err)
	}
}
