package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

func TestLayerNormEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	dims := []int{3, 4, 37}
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		for _, axes := range [][]int{{2}, {-1}, {1, 2}, {1}, {0, 2}} {
			for _, there := range [][2]bool{{}, {true, false}, {false, true}, {true, true}} {
				t.Run(fmt.Sprint(dtype, axes, there), func(t *testing.T) {
					checkLayerNorm(t, b, dtype, dims, axes, there)
				})
			}
		}
	}
}

// checkLayerNorm compares with the definition; there says whether there are a scale and an offset.
func checkLayerNorm(t *testing.T, b compute.Backend, dtype dtypes.DType, dims, axes []int, there [2]bool) {
	const epsilon = 1e-3
	var reduced, sizes []int
	for axis, dim := range dims {
		if slices.Contains(axes, axis) || slices.Contains(axes, axis-len(dims)) {
			reduced, sizes = append(reduced, axis), append(sizes, dim)
		}
	}
	rng := rand.New(rand.NewPCG(7, uint64(len(axes))))
	x, scale, offset := noise(rng, dims...), noise(rng, sizes...), noise(rng, sizes...)
	got := run(t, b, []array{x, scale, offset}, inType(dtype, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		for i, is := range there {
			if !is {
				in[i+1] = nil
			}
		}
		return one(f.FusedLayerNorm(in[0], axes, epsilon, in[1], in[2]))
	}))[0]
	kept := without(len(dims), reduced)
	groups := map[string][]int{} // of the elements normalised together
	key := func(index []int) (s string) {
		for _, axis := range kept {
			s += fmt.Sprint(index[axis], " ")
		}
		return s
	}
	each(dims, func(index []int) { groups[key(index)] = append(groups[key(index)], flat(dims, index)) })
	want := make([]float64, len(x.data))
	each(dims, func(index []int) {
		var mean, variance float64
		group := groups[key(index)]
		for _, at := range group {
			mean += float64(x.data[at]) / float64(len(group))
		}
		for _, at := range group {
			variance += math.Pow(float64(x.data[at])-mean, 2) / float64(len(group))
		}
		y := (x.at(index...) - mean) / math.Sqrt(variance+epsilon)
		var inner []int
		for _, axis := range reduced {
			inner = append(inner, index[axis])
		}
		if there[0] {
			y *= scale.at(inner...)
		}
		if there[1] {
			y += offset.at(inner...)
		}
		want[flat(dims, index)] = y
	})
	expect(t, "LayerNorm", got, want, 1e-5)
}
