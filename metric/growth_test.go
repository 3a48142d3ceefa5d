package metric

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// largest is the size of the largest array in the graph of an objective and its gradient for a batch of n.
func largest(t *testing.T, o Objective, n int) int {
	t.Helper()
	const d = 8
	store := model.NewStore()
	g := NewGraph(gobackend.GetBackend(), t.Name())
	defer g.Finalize()
	model.SetStore(g, store)
	x := Parameter(g, "x", shapes.Make(dtypes.Float32, n, d))
	labels := Parameter(g, "labels", shapes.Make(dtypes.Int32, n))
	Gradient(o.Apply(store.RootScope().In("objective"), Batch{Embeddings: x, Labels: labels}).Loss, x)
	most := 0
	for _, node := range g.Nodes() {
		if node.NumOutputs() == 1 { // the parts of several outputs are nodes too
			most = max(most, node.Shape().Size())
		}
	}
	return most
}

// choices are all losses with their usual parts, the triplet loss with every miner and
// every distance, and all losses that take one with a memory.
func choices() map[string]Choice {
	all := make(map[string]Choice)
	for _, name := range LossNames() {
		all[name] = Choice{Loss: name, Classes: 10}
	}
	for _, name := range MinerNames() {
		all["triplet with "+name] = Choice{Loss: "triplet", Miner: name}
	}
	for _, distance := range Distances() {
		all["triplet of "+distance.Name] = Choice{Loss: "triplet", Distance: distance.Name, Miner: "all"}
	}
	for _, name := range LossNames() {
		if c := (Choice{Loss: name, Memory: 40}); !all[name].proxies() {
			all[name+" with a memory"] = c
		}
	}
	return all
}

func (c Choice) proxies() bool {
	o, err := c.Objective()
	return err == nil && o.Loss.Proxies
}

// A batch of 512 has 262,144 pairs and 134 million triplets.
func TestMemoryGrowsWithPairsNotWithTriplets(t *testing.T) {
	const n = 512
	for name, c := range choices() {
		o, err := c.Objective()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := largest(t, o, n); got > 8*n*n {
			t.Errorf("%s: the largest array of a batch of %d has %d numbers, want at most %d, eight for each pair", name, n, got, 8*n*n)
		}
	}
}

func TestTripletsOfALargeMemoryAreLookedAtInPieces(t *testing.T) {
	o := Objective{Distance: SquaredEuclidean(), Loss: Triplet(0.2), Reducer: Mean(), Memory: 8192}
	const pairs = 16 * (16 + 8192)
	if got := largest(t, o, 16); got > 16*pairs {
		t.Errorf("the largest array with 8,192 remembered has %d numbers, want at most %d, 16 for each pair", got, 16*pairs)
	}
}
