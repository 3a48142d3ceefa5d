package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
)

func TestSoftmaxEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2})
	dims := []int{3, 5, 37}
	x := noise(rand.New(rand.NewPCG(3, 4)), dims...)
	x.data[7], x.data[8] = float32(math.Inf(-1)), 200 // neither overflows
	for axis := range dims {
		t.Run(fmt.Sprint(axis), func(t *testing.T) {
			got := run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
				return one(f.FusedSoftmax(in[0], axis))
			})[0]
			each(dims, func(index []int) {
				sum, largest := 0.0, math.Inf(-1)
				for _, term := range []func(v float64){func(v float64) { largest = max(largest, v) }, func(v float64) { sum += math.Exp(v - largest) }} {
					for i := range dims[axis] {
						other := append([]int(nil), index...)
						other[axis] = i
						term(x.at(other...))
					}
				}
				want := math.Exp(x.at(index...)-largest) / sum
				if g := got.at(index...); math.Abs(g-want) > 1e-6 {
					t.Fatalf("softmax%v = %v, want %v", index, g, want)
				}
			})
		})
	}
}

func TestErfStaysWithinItsBound(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2})
	x := array{[]int{4099}, make([]float32, 4099)}
	for i := range x.data {
		x.data[i] = float32(i-2049) / 300
	}
	x.data[0], x.data[1], x.data[2] = float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())
	got := run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		alone, err := f.Erf(in[0])
		if err != nil {
			return nil, err
		}
		twice, err := f.Add(in[0], in[0])
		if err != nil {
			return nil, err
		}
		chained, err := f.Erf(twice)
		return []compute.Value{alone, chained}, err
	})
	for i, v := range x.data {
		for k, arg := range []float64{float64(v), 2 * float64(v)} {
			g, want := float64(got[k].data[i]), math.Erf(arg)
			if math.IsNaN(want) != math.IsNaN(g) || math.Abs(g-want) > 5e-7 || math.Abs(g) > 1 {
				t.Errorf("Erf(%v) = %v, want %v within 5e-7 and in -1..1", arg, g, want)
			}
		}
	}
}
