package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestHalvesConvertAsTheyAreDefined(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		fraction, exponent := float64(h&0x3ff), int(h>>10&0x1f)
		want := math.Ldexp(fraction, -24)
		switch {
		case exponent == 0x1f && fraction > 0:
			if x := fromFloat16(h); x == x {
				t.Errorf("fromFloat16(%#04x) = %v, want NaN", h, x)
			}
			continue
		case exponent == 0x1f:
			want = math.Inf(1)
		case exponent > 0:
			want = math.Ldexp(1024+fraction, exponent-25)
		}
		if h>>15 == 1 {
			want = -want
		}
		if x := float64(fromFloat16(h)); x != want || math.Signbit(x) != math.Signbit(want) {
			t.Errorf("fromFloat16(%#04x) = %v, want %v", h, x, want)
		}
		if back := toFloat16(float32(want)); back != h {
			t.Errorf("toFloat16(%v) = %#04x, want %#04x", want, back, h)
		}
		if next := fromFloat16(h + 1); exponent < 0x1e || exponent == 0x1e && fraction < 0x3ff {
			middle, even := float32((want+float64(next))/2), h+h&1
			if got := toFloat16(middle); got != even {
				t.Errorf("toFloat16(%v), in the middle, = %#04x, want %#04x", middle, got, even)
			}
			if got := toFloat16(math.Nextafter32(middle, float32(want))); got != h {
				t.Errorf("toFloat16 just before %v = %#04x, want %#04x", middle, got, h)
			}
		}
	}
	if got := toFloat16(float32(math.NaN())); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
		t.Errorf("toFloat16(NaN) = %#04x, want NaN", got)
	}
}

func TestHalfPrecisionNormalNumbersAreNormal(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float16, dtypes.BFloat16} {
		out := graph.MustExecOnce(newTestBackend(t, Options{}), func(g *graph.Graph) *graph.Node {
			_, x := graph.RandomNormal(graph.RNGStateFromSeedForGraph(g, 42), shapes.Make(dtype, 100_000))
			return graph.ConvertDType(x, dtypes.Float32)
		})
		var mean, square float64
		for _, v := range tensors.MustCopyFlatData[float32](out) {
			mean += float64(v) / 1e5
			square += float64(v) * float64(v) / 1e5
		}
		if !(math.Abs(mean) < 0.02 && math.Abs(square-1) < 0.02) {
			t.Errorf("%s normal numbers have the mean %v and the mean square %v, want 0 and 1", dtype, mean, square)
		}
	}
}

func TestHalfPrecisionRoundsEveryResultOnce(t *testing.T) {
	x := noise(rand.New(rand.NewPCG(5, 18)), 1000)
	for dtype, round := range map[dtypes.DType]func(float32) float32{
		dtypes.Float16:  func(x float32) float32 { return fromFloat16(toFloat16(x)) },
		dtypes.BFloat16: func(x float32) float32 { return fromBFloat16(toBFloat16(x)) },
	} {
		got := run(t, newTestBackend(t, Options{}), []array{x}, inType(dtype, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			square, err := f.Mul(in[0], in[0])
			if err != nil {
				return nil, err
			}
			return one(f.Add(square, in[0]))
		}))[0]
		var want []float64
		for _, v := range x.data {
			v = round(v)
			want = append(want, float64(round(round(v*v)+v)))
		}
		expect(t, dtype.String(), got, want, 0)
	}
}
