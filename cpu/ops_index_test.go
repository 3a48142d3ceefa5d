package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// each calls f with every index of a tensor, the last axis fastest.
func each(dims []int, f func(index []int)) {
	index := make([]int, len(dims))
	for i := range product(dims) {
		for axis := len(dims) - 1; axis >= 0; axis-- {
			index[axis] = i % dims[axis]
			i /= dims[axis]
		}
		f(index)
	}
}

// flat is the position of an index in memory.
func flat(dims, index []int) int {
	at := 0
	for axis, i := range index {
		at = at*dims[axis] + i
	}
	return at
}

// indexing is one use of indices: of slices of a tensor x, in a tensor y of all slices.
type indexing struct {
	x, indices, y                 []int // dimensions
	vectorAxis                    int
	own, leftOut, mapping, window []int // y's axes of the slices; x's axes of length 1 that y has not; x's axes; sizes
	numbers                       []int32
}

// random draws a use of indices, some of which lie outside.
func (k *indexing) random(rng *rand.Rand) {
	rank, batch := 1+rng.IntN(3), rng.IntN(3)
	for axis := range rank {
		k.x, k.window = append(k.x, 1+rng.IntN(4)), append(k.window, 1)
		if rng.IntN(2) == 0 {
			k.leftOut = append(k.leftOut, axis)
		} else {
			k.window[axis] = 1 + rng.IntN(k.x[axis])
		}
	}
	k.mapping = rng.Perm(rank)[:1+rng.IntN(rank)]
	k.own = rng.Perm(rank - len(k.leftOut) + batch)[:rank-len(k.leftOut)]
	slices.Sort(k.own)
	for range batch {
		k.indices = append(k.indices, 1+rng.IntN(3))
	}
	sizes, rest := without(rank, k.leftOut), slices.Clone(k.indices)
	for axis := range rank - len(k.leftOut) + batch {
		if slices.Contains(k.own, axis) {
			k.y, sizes = append(k.y, k.window[sizes[0]]), sizes[1:]
		} else {
			k.y, rest = append(k.y, rest[0]), rest[1:]
		}
	}
	k.vectorAxis = rng.IntN(batch + 1)
	k.indices = slices.Insert(k.indices, k.vectorAxis, len(k.mapping))
	for range product(k.indices) {
		k.numbers = append(k.numbers, int32(rng.IntN(7)-2))
	}
}

// find gives the element of x that an element of y stands for, with the slice moved inside, and whether it was inside.
func (k *indexing) find(y []int) (x []int, inside bool) {
	x, inside = make([]int, len(k.x)), true
	var place []int
	sizes := without(len(k.x), k.leftOut)
	for axis, i := range y {
		if slices.Contains(k.own, axis) {
			x[sizes[0]], sizes = i, sizes[1:]
		} else {
			place = append(place, i)
		}
	}
	for i, axis := range k.mapping {
		start := int(k.numbers[flat(k.indices, slices.Insert(slices.Clone(place), k.vectorAxis, i))])
		moved := min(max(start, 0), k.x[axis]-k.window[axis])
		inside = inside && moved == start
		x[axis] += moved
	}
	return x, inside
}

func TestGatherAndScatterAgreeWithTheirDefinition(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 3})
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 18))
		var k indexing
		k.random(rng)
		x, updates := noise(rng, k.x...), noise(rng, k.y...)
		var gathered []float64
		want := map[compute.OpType][]float64{}
		for op := range scatters {
			for _, v := range x.data {
				want[op] = append(want[op], float64(v))
			}
		}
		each(k.y, func(y []int) {
			from, inside := k.find(y)
			gathered = append(gathered, x.at(from...))
			at, update := flat(k.x, from), updates.at(y...)
			if inside {
				want[compute.OpTypeScatterSum][at] += update
				want[compute.OpTypeScatterMax][at] = max(want[compute.OpTypeScatterMax][at], update)
				want[compute.OpTypeScatterMin][at] = min(want[compute.OpTypeScatterMin][at], update)
			}
		})
		name := fmt.Sprintf("%+v", k)
		expect(t, "gather "+name, run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			indices, err := f.Constant(k.numbers, k.indices...)
			if err != nil {
				return nil, err
			}
			return one(f.Gather(in[0], indices, k.vectorAxis, k.own, k.leftOut, k.mapping, k.window, false))
		})[0], gathered, 0)
		for op, scatter := range scatters {
			expect(t, op.String()+name, run(t, b, []array{x, updates}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
				indices, err := f.Constant(k.numbers, k.indices...)
				if err != nil {
					return nil, err
				}
				return one(scatter(f, in[0], indices, in[1], k.vectorAxis, k.own, k.leftOut, k.mapping, false, false))
			})[0], want[op], 1e-5)
		}
	}
}

var scatters = map[compute.OpType]scatterOp{
	compute.OpTypeScatterSum: compute.Function.ScatterSum,
	compute.OpTypeScatterMax: compute.Function.ScatterMax,
	compute.OpTypeScatterMin: compute.Function.ScatterMin,
}

func TestDynamicSlicesAreMovedInside(t *testing.T) {
	b := newTestBackend(t, Options{})
	rng := rand.New(rand.NewPCG(3, 18))
	x, update := noise(rng, 4, 5), noise(rng, 2, 3)
	for _, start := range [][]int64{{0, 0}, {1, 2}, {-3, 1}, {9, 9}, {2, -1}} {
		first := []int{int(min(max(start[0], 0), 2)), int(min(max(start[1], 0), 2))}
		out := run(t, b, []array{x, update}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			row, err := f.Constant([]int64{start[0]})
			if err != nil {
				return nil, err
			}
			column, err := f.Constant([]int32{int32(start[1])})
			if err != nil {
				return nil, err
			}
			slice, err := f.DynamicSlice(in[0], []compute.Value{row, column}, []int{2, 3})
			if err != nil {
				return nil, err
			}
			updated, err := f.DynamicUpdateSlice(in[0], in[1], []compute.Value{row, column})
			return []compute.Value{slice, updated}, err
		})
		var slice, updated []float64
		each([]int{2, 3}, func(i []int) { slice = append(slice, x.at(first[0]+i[0], first[1]+i[1])) })
		each(x.dims, func(i []int) {
			row, column := i[0]-first[0], i[1]-first[1]
			if row >= 0 && row < 2 && column >= 0 && column < 3 {
				updated = append(updated, update.at(row, column))
			} else {
				updated = append(updated, x.at(i...))
			}
		})
		expect(t, fmt.Sprint("slice at ", start), out[0], slice, 0)
		expect(t, fmt.Sprint("update at ", start), out[1], updated, 0)
	}
}

func TestDynamicSlicesOfWrongShapesAreRefused(t *testing.T) {
	f := newTestBackend(t, Options{}).Builder("test").Main()
	x, err := f.Parameter("x", shapes.Make(dtypes.Float32, 4, 5), nil)
	if err != nil {
		t.Fatal(err)
	}
	one, err := f.Constant([]int32{1})
	if err != nil {
		t.Fatal(err)
	}
	indices := []compute.Value{one, one}
	for name, err := range map[string]error{
		"too large":     second(f.DynamicSlice(x, indices, []int{5, 5})),
		"too few":       second(f.DynamicSlice(x, indices[:1], []int{2, 2})),
		"not a number":  second(f.DynamicSlice(x, []compute.Value{one, x}, []int{2, 2})),
		"update itself": second(f.DynamicUpdateSlice(x, one, indices)),
	} {
		if err == nil {
			t.Errorf("a slice %s gives no error, want one", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestGradientOfGatherSlicesCountsTheWindows(t *testing.T) {
	got := graph.MustExecOnce(newTestBackend(t, Options{}), func(g *graph.Graph) *graph.Node {
		input := graph.IotaFull(g, shapes.Make(dtypes.Float32, 3, 2, 4))
		windows := graph.GatherSlices(input, []int{1, 2}, graph.Const(g, [][]int32{{0, 1}, {1, 2}}), []int{1, 2}, true)
		return graph.Gradient(graph.ReduceAllSum(windows), input)[0]
	})
	image := [][]float32{{0, 1, 1, 0}, {0, 0, 1, 1}}
	want := [][][]float32{image, image, image}
	if fmt.Sprint(got.Value()) != fmt.Sprint(want) {
		t.Errorf("gradient = %v, want %v", got.Value(), want)
	}
}
