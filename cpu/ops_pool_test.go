package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// windowCase is a reduction over windows.
type windowCase struct {
	name            string
	dims            []int
	window, strides []int
	paddings        [][2]int
}

var windowCases = []windowCase{
	{"halves", []int{2, 6, 4, 3}, []int{1, 2, 2, 1}, []int{1, 2, 2, 1}, nil},
	{"halves of odd sides", []int{2, 7, 5, 3}, []int{1, 2, 2, 1}, []int{1, 2, 2, 1}, nil},
	{"overlapping", []int{2, 7, 6, 3}, []int{1, 3, 3, 1}, []int{1, 2, 1, 1}, nil},
	{"padded", []int{2, 5, 6, 3}, []int{1, 3, 2, 1}, []int{1, 2, 2, 1}, [][2]int{{0, 0}, {1, 2}, {1, 1}, {0, 0}}},
	{"gaps between windows", []int{1, 9, 9, 2}, []int{1, 2, 2, 1}, []int{1, 3, 4, 1}, nil},
	{"channels first", []int{2, 3, 6, 6}, []int{1, 1, 2, 3}, []int{1, 1, 2, 3}, nil},
	{"one axis", []int{3, 8, 2}, []int{1, 3, 1}, []int{1, 2, 1}, [][2]int{{0, 0}, {1, 1}, {0, 0}}},
	{"vector", []int{9}, []int{3}, []int{2}, nil},
	{"axes apart", []int{4, 3, 5}, []int{2, 1, 2}, []int{2, 1, 1}, nil},
	{"three axes", []int{4, 4, 5}, []int{2, 2, 2}, []int{2, 1, 1}, [][2]int{{0, 0}, {1, 0}, {0, 1}}},
}

// windows calls visit with the number of each window and the offsets of its elements, in order.
func (k windowCase) windows(out []int, visit func(i int, offsets []int)) {
	at, tap := make([]int, len(out)), make([]int, len(out))
	i := 0
	eachIndex(out, at, func() {
		var offsets []int
		eachIndex(k.window, tap, func() {
			offset := 0
			for axis := range at {
				p := at[axis]*k.strides[axis] + tap[axis] - orZeros(k.paddings, len(out))[axis][0]
				if p < 0 || p >= k.dims[axis] {
					return
				}
				offset = offset*k.dims[axis] + p
			}
			offsets = append(offsets, offset)
		})
		visit(i, offsets)
		i++
	})
}

func (k windowCase) out() []int {
	dims := make([]int, len(k.dims))
	for axis, dim := range k.dims {
		p := orZeros(k.paddings, len(k.dims))[axis]
		dims[axis] = (dim+p[0]+p[1]-k.window[axis])/k.strides[axis] + 1
	}
	return dims
}

func TestReduceWindowEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	reductions := map[compute.ReduceOpType]func(a, b float64) float64{
		compute.ReduceOpMax: math.Max, compute.ReduceOpMin: math.Min,
		compute.ReduceOpSum: func(a, b float64) float64 { return a + b },
	}
	for i, k := range windowCases {
		for kind, combine := range reductions {
			t.Run(k.name+" "+kind.String(), func(t *testing.T) {
				x := noise(rand.New(rand.NewPCG(uint64(i), 1)), k.dims...)
				got := run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
					return one(f.ReduceWindow(in[0], kind, k.window, k.strides, nil, nil, k.paddings))
				})[0]
				want := make([]float64, product(k.out()))
				k.windows(k.out(), func(i int, offsets []int) {
					want[i] = float64(x.data[offsets[0]])
					for _, o := range offsets[1:] {
						want[i] = combine(want[i], float64(x.data[o]))
					}
				})
				expect(t, "ReduceWindow", got, want, 1e-6)
			})
		}
	}
}

func TestSelectAndScatterEqualsItsDefinition(t *testing.T) {
	for i, k := range windowCases {
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64, dtypes.BFloat16} {
			t.Run(k.name+" max "+dtype.String(), func(t *testing.T) {
				k.checkScatter(t, uint64(i), dtype, compute.Function.SelectAndScatterMax, 1)
			})
			t.Run(k.name+" min "+dtype.String(), func(t *testing.T) {
				k.checkScatter(t, uint64(i), dtype, compute.Function.SelectAndScatterMin, -1)
			})
		}
	}
}

// checkScatter compares with the definition; the extreme is the largest of sign·x. All numbers are whole, so exact in every
// type.
func (k windowCase) checkScatter(t *testing.T, seed uint64, dtype dtypes.DType, issue selectOp, sign float32) {
	random := rand.New(rand.NewPCG(seed, 2))
	x, dy := noise(random, k.dims...), noise(random, k.out()...)
	for _, a := range []array{x, dy} { // there are ties, of which the first counts
		for j := range a.data {
			a.data[j] = float32(math.Round(float64(a.data[j])))
		}
	}
	got := run(t, newTestBackend(t, Options{}), []array{x, dy}, inType(dtype, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(issue(f, in[0], in[1], k.window, k.strides, k.paddings))
	}))[0]
	want := make([]float64, len(x.data))
	k.windows(k.out(), func(i int, offsets []int) {
		best := offsets[0]
		for _, o := range offsets {
			if sign*x.data[o] > sign*x.data[best] {
				best = o
			}
		}
		want[best] += float64(dy.data[i])
	})
	expect(t, "SelectAndScatter", got, want, 0)
}

func TestWindowsOfBooleansAreTrueWhereAnyOrAllAre(t *testing.T) {
	x := array{[]int{6}, []float32{0, 0, 1, 0, 1, 1}}
	for kind, want := range map[compute.ReduceOpType][]float64{compute.ReduceOpMax: {0, 1, 1, 1, 1}, compute.ReduceOpMin: {0, 0, 0, 0, 1}} {
		got := run(t, newTestBackend(t, Options{}), []array{x}, inType(dtypes.Bool, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			return one(f.ReduceWindow(in[0], kind, []int{2}, []int{1}, nil, nil, nil))
		}))
		expect(t, kind.String(), got[0], want, 0)
	}
}

func TestSelectAndScatterRefusesASourceOfAnotherShape(t *testing.T) {
	f := newTestBackend(t, Options{}).Builder("test").Main()
	x, _ := f.Constant(make([]float32, 16), 4, 4)
	dy, _ := f.Constant(make([]float32, 3), 3, 1)
	if _, err := f.SelectAndScatterMax(x, dy, []int{2, 2}, nil, nil); err == nil {
		t.Error("SelectAndScatterMax took a source of 3×1 for 2×2 windows, want an error")
	}
}
