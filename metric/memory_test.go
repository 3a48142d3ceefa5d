package metric

import (
	"errors"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// stream is several batches of n unit vectors with labels 0 to 3.
func stream(batches, n, d int) (e [][][]float64, labels [][]int32) {
	random := rand.New(rand.NewPCG(3, 4))
	for range batches {
		all, _ := batch(n, d, true)
		var l []int32
		for i := range all {
			for j := range all[i] {
				all[i][j] = float64(float32(all[i][j] + 0.3*random.NormFloat64())) // what a memory of float32 keeps
			}
			l = append(l, int32(random.IntN(4)))
		}
		e, labels = append(e, all), append(labels, l)
	}
	return e, labels
}

// withMemory writes out the pairs of the last batch with itself and with the size newest of the others.
func withMemory(oracle func(a, b []float64) float64, e [][][]float64, labels [][]int32, size int) masks {
	last := len(e) - 1
	others, otherLabels := e[last], labels[last]
	var old [][]float64
	var oldLabels []int32
	for b := last - 1; b >= 0; b-- {
		old, oldLabels = append(old, e[b]...), append(oldLabels, labels[b]...)
	}
	size = min(size, len(old))
	m := masks{labels: labels[last], otherLabels: append(append([]int32{}, otherLabels...), oldLabels[:size]...)}
	others = append(append([][]float64{}, others...), old[:size]...)
	for _, a := range e[last] {
		var row []float64
		for _, b := range others {
			row = append(row, oracle(a, b))
		}
		m.d = append(m.d, row)
	}
	m.compareLabels()
	for i := range m.d {
		m.same[i][i] = false
	}
	return m
}

func memoryObjective(row lossRow, size int) func(scope *model.Scope, x, l *Node) []*Node {
	o := Objective{Distance: row.distance, Loss: row.loss, Reducer: Sum(), Memory: size}
	return func(scope *model.Scope, x, l *Node) []*Node {
		loss := o.Apply(scope.In("objective"), Batch{Embeddings: x, Labels: l}).Loss
		return append([]*Node{loss}, Gradient(loss, x)...)
	}
}

// The losses whose anchors need nothing from other rows follow their definitions with more others than anchors.
func TestMemoryComparesWithEarlierBatches(t *testing.T) {
	for _, name := range []string{
		"Triplet", "SoftMarginTriplet", "Contrastive", "Margin", "ThresholdConsistent", "SupCon", "NTXent", "MultiSimilarity", "Circle", "FastAP",
	} {
		row := lossTable[name]
		for _, size := range []int{3, 9, 100} { // less than a batch, less than all, more than all
			c := compile(t, memoryObjective(row, size))
			e, labels := stream(4, 6, 3)
			for i := range e {
				got := c.run(e[i], labels[i])[0][0]
				var want float64
				m := withMemory(distanceTable[row.distanceName()].oracle, e[:i+1], labels[:i+1], size)
				for _, part := range row.oracle(m) {
					for _, values := range part {
						for _, v := range values {
							want += v
						}
					}
				}
				if !near(got, want, 1e-6) {
					t.Errorf("%s, memory of %d, batch %d: loss = %v, want %v", name, size, i, got, want)
				}
			}
		}
	}
}

func TestMemoryHasNoGradient(t *testing.T) {
	for name, row := range lossTable {
		if row.loss.Proxies || name == "Circle" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c := compile(t, memoryObjective(row, 10))
			e, labels := stream(3, 6, 3)
			c.run(e[0], labels[0])
			c.run(e[1], labels[1])
			memory := c.store.GetVariable("/objective/memory/embeddings")
			oldLabels := c.store.GetVariable("/objective/memory/labels")
			kept := memory.MustValue().Value().([][]float32)
			keptLabels := oldLabels.MustValue().Value().([]int32)
			again := func() [][]float64 { // with the memory as it was before the last batch
				if err := errors.Join(memory.SetValue(tensors.FromValue(kept)), oldLabels.SetValue(tensors.FromValue(keptLabels))); err != nil {
					t.Fatal(err)
				}
				return c.run(e[2], labels[2])
			}
			checkGradient(t, again()[1], e[2], func() float64 { return again()[0][0] })
		})
	}
}

func TestMemoryKeepsTheNewest(t *testing.T) {
	c := compile(t, memoryObjective(lossTable["Triplet"], 3))
	c.run([][]float64{{1}, {2}}, []int32{0, 5})
	c.run([][]float64{{3}, {4}}, []int32{7, 0})
	e := c.store.GetVariable("/objective/memory/embeddings").MustValue().Value().([][]float32)
	l := c.store.GetVariable("/objective/memory/labels").MustValue().Value().([]int32)
	for i, want := range []float32{3, 4, 1} {
		if label := []int32{8, 1, 1}[i]; e[i][0] != want || l[i] != label {
			t.Errorf("memory[%d] = %v with label plus 1 = %v, want %v with %v", i, e[i][0], l[i], want, label)
		}
	}
}
