package metric

import (
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

func TestEveryLossHasItsName(t *testing.T) {
	named := make(map[string]bool)
	for _, name := range LossNames() {
		o, err := Choice{Loss: name, Classes: 5}.Objective()
		if err != nil {
			t.Errorf("loss %s: %v", name, err)
		}
		if o.Loss.Name != name {
			t.Errorf("loss %s builds loss %s", name, o.Loss.Name)
		}
		if o.Loss.Proxies != (o.Classes == 5) {
			t.Errorf("loss %s has %d classes, want them where it compares with proxies (%v)", name, o.Classes, o.Loss.Proxies)
		}
		named[name] = true
	}
	for name, row := range lossTable {
		if !named[row.loss.Name] {
			t.Errorf("constructor %s makes loss %s, which has no entry in lossEntries", name, row.loss.Name)
		}
	}
}

func TestEveryMinerAndReducerHasItsName(t *testing.T) {
	for _, row := range minerTable {
		o, err := Choice{Loss: "triplet", Miner: row.miner.Name}.Objective()
		if err != nil || o.Miner.Name != row.miner.Name {
			t.Errorf("miner %s builds miner %s, error %v", row.miner.Name, o.Miner.Name, err)
		}
	}
	for _, row := range reducerTable {
		o, err := Choice{Loss: "triplet", Reducer: row.reducer.Name}.Objective()
		if err != nil || o.Reducer.Name != row.reducer.Name {
			t.Errorf("reducer %s builds reducer %s, error %v", row.reducer.Name, o.Reducer.Name, err)
		}
	}
	if len(MinerNames()) != len(minerTable) || len(ReducerNames()) != len(reducerTable) {
		t.Errorf("%d miners and %d reducers have names, want %d and %d", len(MinerNames()), len(ReducerNames()), len(minerTable), len(reducerTable))
	}
}

func TestChoicesAreTheAuthors(t *testing.T) {
	o, err := Choice{Loss: "triplet"}.Objective()
	want := FaceNet()
	if err != nil || o.Distance.Name != want.Distance.Name || o.Miner.Name != want.Miner.Name ||
		o.Reducer.Name != want.Reducer.Name || o.Loss.Collapsed != want.Loss.Collapsed {
		t.Errorf("triplet = %s, %s, %s, margin %v, error %v; want FaceNet's", o.Distance.Name, o.Miner.Name, o.Reducer.Name, o.Loss.Collapsed, err)
	}
	o, err = Choice{Loss: "nt-xent", Distance: "squared-euclidean", Miner: "batch-hard", Reducer: "per-class", Memory: 64}.Objective()
	if err != nil || o.Distance.Name != "squared_euclidean" || o.Miner.Name != "batch_hard" || o.Reducer.Name != "per_class" || o.Memory != 64 {
		t.Errorf("nt-xent with parts of its own = %s, %s, %s, memory %d, error %v", o.Distance.Name, o.Miner.Name, o.Reducer.Name, o.Memory, err)
	}
}

// lossOf is the loss of a choice for a batch.
func lossOf(t *testing.T, c Choice) float64 {
	t.Helper()
	o, err := c.Objective()
	if err != nil {
		t.Fatal(err)
	}
	e, labels := batch(20, 4, true)
	labels[19] = 0
	return compile(t, func(scope *model.Scope, x, l *Node) []*Node {
		return []*Node{o.Apply(scope.In("objective"), Batch{Embeddings: x, Labels: l}).Loss}
	}).run(e, labels)[0][0]
}

func TestEveryParameterReachesItsPart(t *testing.T) {
	check := func(c Choice, p parameter) {
		changed := p.usual + 0.3
		if p.kind == natural {
			changed = p.usual + 1
		}
		before := lossOf(t, c)
		c.Parameters = map[string]float64{strings.ReplaceAll(p.name, "_", "-"): changed}
		if after := lossOf(t, c); before == after {
			t.Errorf("loss %s with miner %q and reducer %q is %v with %s %v as with %v", c.Loss, c.Miner, c.Reducer, before, p.name, p.usual, changed)
		}
	}
	for _, e := range lossEntries() {
		for _, p := range e.parameters {
			check(Choice{Loss: e.name, Reducer: "sum", Classes: 5}, p)
		}
	}
	for _, e := range minerEntries() {
		for _, p := range e.parameters {
			if p.name == "degrees" {
				p.usual = 44 // changed to what changes nothing else: angles are far apart
			}
			check(Choice{Loss: "soft_margin_triplet", Miner: e.name, Reducer: "sum"}, p)
		}
	}
	check(Choice{Loss: "supcon", Reducer: "divisor"}, reducerEntries()[4].parameters[0])
}

func TestObjectiveRejects(t *testing.T) {
	with := func(name string, x float64) map[string]float64 { return map[string]float64{name: x} }
	for name, test := range map[string]struct {
		choice Choice
		want   string
	}{
		"an unknown loss":           {Choice{Loss: "tripplet"}, "triplet"},
		"no loss":                   {Choice{}, "triplet"},
		"an unknown miner":          {Choice{Loss: "triplet", Miner: "harder"}, "batch_hard"},
		"an unknown reducer":        {Choice{Loss: "triplet", Reducer: "median"}, "mean_active"},
		"an unknown distance":       {Choice{Loss: "triplet", Distance: "l3"}, "cosine"},
		"another loss's parameter":  {Choice{Loss: "triplet", Parameters: with("temperature", 1)}, "margin"},
		"a negative margin":         {Choice{Loss: "triplet", Parameters: with("margin", -1)}, "0 or more"},
		"temperature 0":             {Choice{Loss: "supcon", Parameters: with("temperature", 0)}, "more than 0"},
		"half a bin":                {Choice{Loss: "fast_ap", Parameters: with("bins", 0.5)}, "whole number"},
		"too far a draw":            {Choice{Loss: "margin", Parameters: with("farthest_drawn", 2)}, "less than 2"},
		"a right angle":             {Choice{Loss: "triplet", Miner: "angular", Parameters: with("degrees", 90)}, "less than 90"},
		"a loss without classes":    {Choice{Loss: "arcface"}, "number of classes"},
		"a memory of proxies":       {Choice{Loss: "arcface", Classes: 3, Memory: 8}, "memory"},
		"triplets of a pair's loss": {Choice{Loss: "supcon", Miner: "semi_hard"}, "pairs"},
	} {
		_, err := test.choice.Objective()
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("objective of %s: error %v, want one line with %q", name, err, test.want)
		}
	}
}

func TestEasierStepsDownFromHardTriplets(t *testing.T) {
	for _, test := range []struct {
		choice Choice
		want   []string
	}{
		{Choice{Loss: "triplet", Miner: "hard"}, []string{"semi_hard", "all"}},
		{Choice{Loss: "triplet"}, []string{"all"}},
		{Choice{Loss: "triplet", Miner: "all"}, nil},
		{Choice{Loss: "supcon", Miner: "batch_hard"}, []string{"all"}},
		{Choice{Loss: "nothing"}, nil},
	} {
		var got []string
		for _, m := range test.choice.Easier() {
			got = append(got, m.Name)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("Easier of %s with %q = %v, want %v", test.choice.Loss, test.choice.Miner, got, test.want)
		}
	}
}
