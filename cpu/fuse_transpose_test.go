package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// attend is the attention of heads [b, t, h, d] by their definition.
func attend(q, k, v array, scale float64) []float64 {
	b, t, h, d := q.dims[0], q.dims[1], q.dims[2], q.dims[3]
	at := func(x array, i, row, head, j int) float64 { return float64(x.data[((i*t+row)*h+head)*d+j]) }
	y := make([]float64, b*t*h*d)
	for i := range b {
		for head := range h {
			for row := range t {
				weights, sum := make([]float64, t), 0.0
				for other := range t {
					for j := range d {
						weights[other] += at(q, i, row, head, j) * scale * at(k, i, other, head, j) * scale
					}
					weights[other] = math.Exp(weights[other])
					sum += weights[other]
				}
				for other, weight := range weights {
					for j := range d {
						y[((i*t+row)*h+head)*d+j] += weight / sum * at(v, i, other, head, j)
					}
				}
			}
		}
	}
	return y
}

func TestAttentionMovesNothing(t *testing.T) {
	const scale = 0.7
	for _, dims := range [][]int{{2, 5, 3, 4}, {1, 19, 2, 16}, {3, 130, 2, 8}, {1, 3, 512, 1}, {2, 1, 2, 3}} {
		b := newTestBackend(t, Options{}).(*Backend)
		var left map[compute.OpType]int
		b.inspect = func(g *body) { left = g.count() }
		random := rand.New(rand.NewPCG(1, uint64(dims[1])))
		q, k, v := noise(random, dims...), noise(random, dims...), noise(random, dims...)
		got := run(t, b, []array{q, k, v, {nil, []float32{scale}}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			var err error
			heads := func(x compute.Value, scaled bool, order ...int) compute.Value {
				x, err = f.Transpose(x, order...)
				if err == nil && scaled {
					var all compute.Value
					sizes := shapes.Make(dtypes.Float32, dims[order[0]], dims[order[1]], dims[order[2]], dims[order[3]])
					if all, err = f.BroadcastInDim(in[3], sizes, nil); err == nil {
						x, err = f.Mul(x, all)
					}
				}
				return x
			}
			q, k, v := heads(in[0], true, 0, 2, 1, 3), heads(in[1], true, 0, 2, 3, 1), heads(in[2], false, 0, 2, 1, 3)
			if err != nil {
				return nil, err
			}
			weights, err := f.DotGeneral(q, []int{3}, []int{0, 1}, k, []int{2}, []int{0, 1}, compute.DotGeneralConfig{})
			if err != nil {
				return nil, err
			}
			if weights, err = f.FusedSoftmax(weights, 3); err != nil {
				return nil, err
			}
			y, err := f.DotGeneral(weights, []int{3}, []int{0, 1}, v, []int{2}, []int{0, 1}, compute.DotGeneralConfig{})
			if err != nil {
				return nil, err
			}
			return one(f.Transpose(y, 0, 2, 1, 3))
		})[0]
		expect(t, "attention", got, attend(q, k, v, scale), 1e-5)
		if left[compute.OpTypeTranspose] != 0 {
			t.Errorf("%v: %d transposes are left", dims, left[compute.OpTypeTranspose])
		}
	}
}

// The axes that a product keeps come in its operand's order: a transpose that changes it cannot be read through.
func TestKeptAxesStayInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	x, w := noise(random, 2, 3, 5, 4), noise(random, 4, 6)
	got := run(t, newTestBackend(t, Options{}), []array{x, w}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		turned, err := f.Transpose(in[0], 2, 3, 0, 1) // [5, 4, 2, 3]
		if err != nil {
			return nil, err
		}
		return one(f.DotGeneral(turned, []int{1}, nil, in[1], []int{0}, nil, compute.DotGeneralConfig{}))
	})[0]
	var want []float64 // [5, 2, 3, 6]
	for c := range 5 {
		for ab := range 6 {
			for j := range 6 {
				sum := 0.0
				for k := range 4 {
					sum += float64(x.data[(ab*5+c)*4+k]) * float64(w.data[k*6+j])
				}
				want = append(want, sum)
			}
		}
	}
	expect(t, "product", got, want, 1e-5)
}
