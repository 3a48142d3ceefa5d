package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func TestTransposeEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	for i, k := range []struct{ dims, permutation []int }{
		{[]int{5, 7}, []int{1, 0}},
		{[]int{70, 130}, []int{1, 0}},
		{[]int{3, 40, 50}, []int{0, 2, 1}},
		{[]int{3, 40, 50}, []int{2, 1, 0}},
		{[]int{4, 9, 8, 5}, []int{0, 3, 1, 2}},
		{[]int{4, 9, 8, 5}, []int{1, 2, 3, 0}},
		{[]int{2, 3, 4, 5}, []int{3, 1, 0, 2}},
	} {
		t.Run(fmt.Sprint(k.dims, k.permutation), func(t *testing.T) {
			x := noise(rand.New(rand.NewPCG(uint64(i), 1)), k.dims...)
			got := run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
				return one(f.Transpose(in[0], k.permutation...))
			})[0]
			var want []float64
			index, from := make([]int, len(k.dims)), make([]int, len(k.dims))
			eachIndex(got.dims, index, func() {
				for axis, p := range k.permutation {
					from[p] = index[axis]
				}
				want = append(want, x.at(from...))
			})
			expect(t, "Transpose", got, want, 0)
		})
	}
}

// Rows of a few elements, cut out of longer ones and laid side by side, with a batch that does not divide evenly among threads.
func TestSlicesAndConcatenationsEqualTheirDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for channels := 1; channels <= 6; channels++ {
		for _, threads := range []int{1, 3} {
			b := newTestBackend(t, Options{Threads: threads})
			x := noise(random, 3, 75, 67, channels)
			got := run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
				even, err := f.Slice(in[0], []int{0, 0, 0, 0}, []int{3, 75, 66, channels}, []int{1, 2, 2, 1})
				if err != nil {
					return nil, err
				}
				odd, err := f.Slice(in[0], []int{0, 0, 1, 0}, []int{3, 75, 67, channels}, []int{1, 2, 2, 1})
				if err != nil {
					return nil, err
				}
				return one(f.Concatenate(3, even, odd))
			})[0]
			var want []float64
			index := make([]int, 4)
			eachIndex([]int{3, 38, 33, 2 * channels}, index, func() {
				want = append(want, x.at(index[0], 2*index[1], 2*index[2]+index[3]/channels, index[3]%channels))
			})
			expect(t, fmt.Sprintf("%d channels, %d threads", channels, threads), got, want, 0)
		}
	}
}

func TestPadWithNegativeAmountsCutsOff(t *testing.T) {
	x := array{[]int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}
	for _, k := range []struct {
		axes []compute.PadAxis
		dims []int
		want []float64
	}{
		{[]compute.PadAxis{{Start: 1, End: -1}, {}}, []int{2, 3}, []float64{9, 9, 9, 1, 2, 3}},
		{[]compute.PadAxis{{}, {Start: -1, End: 1}}, []int{2, 3}, []float64{2, 3, 9, 5, 6, 9}},
		{[]compute.PadAxis{{}, {Start: -1, End: -1, Interior: 1}}, []int{2, 3}, []float64{9, 2, 9, 9, 5, 9}},
		{[]compute.PadAxis{{Start: 2, End: -4}, {}}, []int{0, 3}, nil},
	} {
		got := run(t, newTestBackend(t, Options{}), []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			fill, err := f.Constant([]float32{9})
			if err != nil {
				return nil, err
			}
			return one(f.Pad(in[0], fill, k.axes...))
		})[0]
		if !slices.Equal(got.dims, k.dims) {
			t.Errorf("Pad(%v) has dimensions %v, want %v", k.axes, got.dims, k.dims)
		}
		expect(t, fmt.Sprint("Pad", k.axes), got, k.want, 0)
	}
}

func TestBroadcastingFollowsEitherOperand(t *testing.T) {
	b := newTestBackend(t, Options{})
	random := rand.New(rand.NewPCG(3, 3))
	for _, k := range [][2][]int{
		{{2, 3, 4}, {2, 3, 4}}, {{2, 3, 4}, {}}, {{}, {2, 3, 4}}, {{2, 3, 4}, {1, 1, 4}}, {{1, 3, 4}, {2, 3, 4}},
		{{2, 3, 4}, {2, 1, 1}}, {{2, 3, 1}, {2, 3, 4}}, {{2, 1, 4}, {1, 3, 1}}, {{2, 3, 4}, {1, 3, 1}}, {{1, 1, 1}, {2, 1, 1}},
	} {
		x, y := noise(random, k[0]...), noise(random, k[1]...)
		got := run(t, b, []array{x, y}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			difference, err := f.Sub(in[0], in[1])
			if err != nil {
				return nil, err
			}
			less, err := f.LessThan(in[0], in[1])
			if err != nil {
				return nil, err
			}
			flag, err := f.ConvertDType(less, dtypes.Float32)
			return []compute.Value{difference, flag}, err
		})
		clamped := func(a array, index []int) float64 {
			at := make([]int, len(a.dims))
			for axis := range at {
				at[axis] = min(index[axis], a.dims[axis]-1)
			}
			return a.at(at...)
		}
		var differences, flags []float64
		index := make([]int, len(got[0].dims))
		eachIndex(got[0].dims, index, func() {
			l, r := clamped(x, index), clamped(y, index)
			differences, flags = append(differences, l-r), append(flags, 0)
			if l < r {
				flags[len(flags)-1] = 1
			}
		})
		expect(t, fmt.Sprint("Sub", k), got[0], differences, 1e-6)
		expect(t, fmt.Sprint("LessThan", k), got[1], flags, 0)
	}
}

func TestTransposedProductsAreProductsTurned(t *testing.T) {
	b := newTestBackend(t, Options{}).(*Backend)
	left := 0
	b.inspect = func(g *body) { left = g.count()[compute.OpTypeTranspose] }
	random := rand.New(rand.NewPCG(3, 4))
	x, y := noise(random, 6, 5), noise(random, 7, 6)
	got := run(t, b, []array{x, y}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		product, err := f.DotGeneral(in[0], []int{0}, nil, in[1], []int{1}, nil, compute.DotGeneralConfig{})
		if err != nil {
			return nil, err
		}
		return one(f.Transpose(product, 1, 0))
	})[0]
	want := make([]float64, 35)
	for i := range want {
		for k := range 6 {
			want[i] += x.at(k, i%5) * y.at(i/5, k)
		}
	}
	expect(t, "(xᵀ·yᵀ)ᵀ", got, want, 1e-5)
	if left != 0 {
		t.Errorf("transpositions = %d, want none", left)
	}
	if shape := shapes.Make(dtypes.Float32, got.dims...); !shape.Equal(shapes.Make(dtypes.Float32, 7, 5)) {
		t.Errorf("shape = %s, want 7×5", shape)
	}
}
