package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// closure records a closure of f with scalar float32 parameters.
func closure(t *testing.T, f compute.Function, parameters int, build buildFunc) compute.Function {
	t.Helper()
	c, err := f.Closure()
	if err != nil {
		t.Fatal(err)
	}
	var in []compute.Value
	for i := range parameters {
		v, err := c.Parameter(string(rune('a'+i)), shapes.Make(dtypes.Float32), nil)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, v)
	}
	out, err := build(c, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Return(out, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func scalars(values ...float32) []array {
	var list []array
	for _, v := range values {
		list = append(list, array{nil, []float32{v}})
	}
	return list
}

func TestWhileRunsUntilItsConditionFails(t *testing.T) {
	// The state (x, total) becomes (2x, total+x) while x is below the captured limit.
	got := run(t, newTestBackend(t, Options{}), scalars(1, 0, 100), func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		limit := in[2]
		below := closure(t, f, 2, func(g compute.Function, s []compute.Value) ([]compute.Value, error) {
			return one(g.LessThan(s[0], limit))
		})
		double := closure(t, f, 2, func(g compute.Function, s []compute.Value) ([]compute.Value, error) {
			total, err := g.Add(s[1], s[0])
			if err != nil {
				return nil, err
			}
			x, err := g.Add(s[0], s[0])
			return []compute.Value{x, total}, err
		})
		return f.While(below, double, in[0], in[1])
	})
	expect(t, "x", got[0], []float64{128}, 0)
	expect(t, "total", got[1], []float64{127}, 0)
}

func TestIfRunsTheBranchItsPredicateChooses(t *testing.T) {
	for _, x := range []float32{3, -3} {
		// |x| by branches that capture x, inside a loop that runs once, so that x is captured twice.
		got := run(t, newTestBackend(t, Options{}), scalars(x, 0), func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			zero, err := f.Constant([]float32{0})
			if err != nil {
				return nil, err
			}
			again := closure(t, f, 1, func(g compute.Function, s []compute.Value) ([]compute.Value, error) {
				return one(g.LessOrEqual(s[0], zero))
			})
			body := closure(t, f, 1, func(g compute.Function, s []compute.Value) ([]compute.Value, error) {
				positive, err := g.GreaterThan(in[0], zero)
				if err != nil {
					return nil, err
				}
				same := closure(t, g, 0, func(h compute.Function, _ []compute.Value) ([]compute.Value, error) {
					return one(h.Identity(in[0]))
				})
				negative := closure(t, g, 0, func(h compute.Function, _ []compute.Value) ([]compute.Value, error) {
					return one(h.Neg(in[0]))
				})
				return g.If(positive, same, negative)
			})
			return f.While(again, body, in[1])
		})
		expect(t, "|x|", got[0], []float64{3}, 0)
	}
}

func TestSortOrdersByItsComparator(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	keys, values := noise(random, 3, 9), noise(random, 3, 9)
	got := run(t, newTestBackend(t, Options{}), []array{keys, values}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		larger := closure(t, f, 4, func(g compute.Function, s []compute.Value) ([]compute.Value, error) {
			return one(g.GreaterThan(s[0], s[1]))
		})
		return f.Sort(larger, 1, true, in...)
	})
	for row := range 3 {
		order := make([]int, 9)
		for i := range order {
			order[i] = row*9 + i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if keys.data[a] > keys.data[b] {
				return -1
			}
			return 1
		})
		for i, from := range order {
			if at := row*9 + i; got[0].data[at] != keys.data[from] || got[1].data[at] != values.data[from] {
				t.Fatalf("Sort[%d] = %v, %v, want %v, %v", at, got[0].data[at], got[1].data[at], keys.data[from], values.data[from])
			}
		}
	}
}

func TestCallRunsAFunctionForEveryCall(t *testing.T) {
	got := run(t, newTestBackend(t, Options{}), scalars(3), func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		square, err := f.Builder().NewFunction("square")
		if err != nil {
			return nil, err
		}
		x, err := square.Parameter("x", shapes.Make(dtypes.Float32), nil)
		if err != nil {
			return nil, err
		}
		y, err := square.Mul(x, x)
		if err != nil {
			return nil, err
		}
		if err := square.Return([]compute.Value{y}, nil); err != nil {
			return nil, err
		}
		once, err := f.Call(square, in[0])
		if err != nil {
			return nil, err
		}
		return f.Call(square, once[0])
	})
	expect(t, "x⁴", got[0], []float64{81}, 0)
}

func TestControlFlowRefusesWhatDoesNotFit(t *testing.T) {
	f := newTestBackend(t, Options{}).Builder("test").Main()
	x, _ := f.Constant([]float32{1})
	y, _ := f.Constant([]float32{1, 2}, 2)
	yes := closure(t, f, 1, func(g compute.Function, s []compute.Value) ([]compute.Value, error) { return one(g.LessThan(s[0], x)) })
	same := closure(t, f, 1, func(g compute.Function, s []compute.Value) ([]compute.Value, error) { return one(g.Neg(s[0])) })
	nothing := closure(t, f, 0, func(g compute.Function, _ []compute.Value) ([]compute.Value, error) { return one(g.Neg(x)) })
	pair := closure(t, f, 0, func(g compute.Function, _ []compute.Value) ([]compute.Value, error) { return one(g.Neg(y)) })
	for name, issue := range map[string]func() ([]compute.Value, error){
		"a state of another shape":              func() ([]compute.Value, error) { return f.While(yes, same, y) },
		"a condition that is no boolean":        func() ([]compute.Value, error) { return f.While(same, same, x) },
		"a predicate that is no boolean":        func() ([]compute.Value, error) { return f.If(x, nothing, nothing) },
		"branches of different shapes":          func() ([]compute.Value, error) { return f.If(x, nothing, pair) },
		"a comparator with too few parameters":  func() ([]compute.Value, error) { return f.Sort(yes, 0, true, y) },
		"sorting along an axis that is missing": func() ([]compute.Value, error) { return f.Sort(yes, 1, true, y) },
		"calling a closure":                     func() ([]compute.Value, error) { return f.Call(same, x) },
	} {
		if _, err := issue(); err == nil {
			t.Errorf("%s: no error, want one", name)
		}
	}
}

func TestLoopsRunWhatOnlyThisBackendHas(t *testing.T) {
	// x[i] becomes i² for i from 0 to the captured length, by updates of slices that the Go backend lacks.
	const length = 5
	f := graph.NewGraph(newTestBackend(t, Options{Threads: 2}), "loop")
	x := graph.Parameter(f, "x", shapes.Make(dtypes.Float32, length))
	end := graph.Scalar(f, dtypes.Int32, length)
	condition := graph.NewClosure(f, func(g *graph.Graph) []*graph.Node {
		i := graph.Parameter(g, "i", shapes.Make(dtypes.Int32))
		graph.Parameter(g, "x", x.Shape())
		return []*graph.Node{graph.LessThan(i, end)}
	})
	body := graph.NewClosure(f, func(g *graph.Graph) []*graph.Node {
		i, x := graph.Parameter(g, "i", shapes.Make(dtypes.Int32)), graph.Parameter(g, "x", x.Shape())
		square := graph.Reshape(graph.Square(graph.ConvertDType(i, dtypes.Float32)), 1)
		return []*graph.Node{graph.AddScalar(i, 1), graph.DynamicUpdateSlice(x, square, []*graph.Node{i})}
	})
	if err := f.Compile(graph.While(condition, body, graph.ScalarZero(f, dtypes.Int32), x)[1]); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got := f.Run(tensors.FromValue(make([]float32, length)))[0]
		if want := []float32{0, 1, 4, 9, 16}; !slices.Equal(got.Value().([]float32), want) {
			t.Errorf("x = %v, want %v", got.Value(), want)
		}
	}
}
