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
