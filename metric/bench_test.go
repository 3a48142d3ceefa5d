package metric

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/cpu"
)

// BenchmarkObjectives times a loss and its gradient by embeddings of 128 numbers on our backend.
func BenchmarkObjectives(b *testing.B) {
	all := choices()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Run(name, func(b *testing.B) { benchmark(b, all[name], 128) })
	}
	for _, n := range []int{512, 1024} {
		b.Run(fmt.Sprintf("triplet with all, batch %d", n), func(b *testing.B) { benchmark(b, Choice{Loss: "triplet", Miner: "all"}, n) })
	}
}

func benchmark(b *testing.B, choice Choice, n int) {
	o, err := choice.Objective()
	if err != nil {
		b.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer backend.Finalize()
	e, _ := batch(n, 128, true)
	x, labels := make([][]float32, n), make([]int32, n)
	for i := range e {
		x[i], labels[i] = to32(e[i]), int32(i/4)
	}
	list := Positives(labels)
	positives := tensors.FromFlatDataAndDimensions(list, n, len(list)/n)
	exec := model.MustNewExec(backend, model.NewStore(), func(scope *model.Scope, x, labels, positives *Node) []*Node {
		loss := o.Apply(scope.In("objective"), Batch{Embeddings: x, Labels: labels, Positives: positives}).Loss
		return append([]*Node{loss}, Gradient(loss, x)...)
	})
	exec.MustCall(x, labels, positives)
	for b.Loop() {
		exec.MustCall(x, labels, positives)
	}
}
