package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

const testEpsilon = 1e-3

// normCase is a tensor and its feature axis.
type normCase struct {
	name string
	dims []int
	axis int
}

var normCases = []normCase{
	{"matrix", []int{7, 5}, 1},
	{"images", []int{5, 6, 7, 3}, 3},
	{"channels first", []int{4, 3, 5, 5}, 1},
	{"feature axis first", []int{3, 50}, 0},
}

// forNormCases runs a test for every case in every type that has loops of its own.
func forNormCases(t *testing.T, test func(t *testing.T, i int, k normCase, dtype dtypes.DType)) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		for i, k := range normCases {
			t.Run(dtype.String()+"/"+k.name, func(t *testing.T) { test(t, i, k, dtype) })
		}
	}
}

// channel is the channel of element i.
func (k normCase) channel(i int) int { return i / product(k.dims[k.axis+1:]) % k.dims[k.axis] }

// statistics are the mean and the biased variance of every channel.
func (k normCase) statistics(x array) (mean, variance []float64) {
	channels := k.dims[k.axis]
	mean, variance = make([]float64, channels), make([]float64, channels)
	n := float64(len(x.data) / channels)
	for i, v := range x.data {
		mean[k.channel(i)] += float64(v) / n
	}
	for i, v := range x.data {
		d := float64(v) - mean[k.channel(i)]
		variance[k.channel(i)] += d * d / n
	}
	return mean, variance
}

func (k normCase) operands(seed uint64) (x, scale, offset array) {
	random := rand.New(rand.NewPCG(seed, 5))
	x = noise(random, k.dims...)
	for i := range x.data {
		x.data[i] = 3*x.data[i] + 10
	}
	return x, noise(random, k.dims[k.axis]), noise(random, k.dims[k.axis])
}

func toFloat32(x []float64) array {
	a := array{[]int{len(x)}, make([]float32, len(x))}
	for i, v := range x {
		a.data[i] = float32(v)
	}
	return a
}

func TestBatchNormForTrainingEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	forNormCases(t, func(t *testing.T, i int, k normCase, dtype dtypes.DType) {
		x, scale, offset := k.operands(uint64(i))
		got := run(t, b, []array{x, scale, offset}, inType(dtype, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			y, mean, variance, err := f.BatchNormForTraining(in[0], in[1], in[2], testEpsilon, k.axis)
			return []compute.Value{y, mean, variance}, err
		}))
		mean, variance := k.statistics(x)
		expect(t, "normalized", got[0], k.normalized(x, scale, offset, mean, variance), 1e-5)
		expect(t, "mean", got[1], mean, 1e-6)
		expect(t, "variance", got[2], variance, 1e-5)
	})
}

func (k normCase) normalized(x, scale, offset array, mean, variance []float64) []float64 {
	want := make([]float64, len(x.data))
	for i, v := range x.data {
		c := k.channel(i)
		want[i] = (float64(v)-mean[c])/math.Sqrt(variance[c]+testEpsilon)*float64(scale.data[c]) + float64(offset.data[c])
	}
	return want
}

func TestBatchNormForInferenceEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	forNormCases(t, func(t *testing.T, i int, k normCase, dtype dtypes.DType) {
		x, scale, offset := k.operands(uint64(i))
		mean, variance := k.statistics(x)
		got := run(t, b, []array{x, scale, offset, toFloat32(mean), toFloat32(variance)}, inType(dtype, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			return one(f.BatchNormForInference(in[0], in[1], in[2], in[3], in[4], testEpsilon, k.axis))
		}))
		expect(t, "normalized", got[0], k.normalized(x, scale, offset, mean, variance), 1e-5)
	})
}

func TestBatchNormGradientEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	forNormCases(t, func(t *testing.T, i int, k normCase, dtype dtypes.DType) {
		x, scale, _ := k.operands(uint64(i))
		dy := noise(rand.New(rand.NewPCG(uint64(i), 6)), k.dims...)
		mean, variance := k.statistics(x)
		got := run(t, b, []array{x, scale, toFloat32(mean), toFloat32(variance), dy}, inType(dtype, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			dx, dScale, dOffset, err := f.BatchNormGradient(in[0], in[1], in[2], in[3], in[4], testEpsilon, k.axis)
			return []compute.Value{dx, dScale, dOffset}, err
		}))
		dx, dScale, dOffset := k.gradients(x, scale, dy, mean, variance)
		expect(t, "gradient of the offset", got[2], dOffset, 1e-5)
		expect(t, "gradient of the scale", got[1], dScale, 1e-4)
		expect(t, "gradient of x", got[0], dx, 1e-4)
	})
}

// gradients is batch normalisation differentiated by hand: with x̂ = (x − mean)/σ and r elements a channel,
// dx = scale/σ·(dy − Σdy/r − x̂·Σdy·x̂/r).
func (k normCase) gradients(x, scale, dy array, mean, variance []float64) (dx, dScale, dOffset []float64) {
	channels := k.dims[k.axis]
	dx, dScale, dOffset = make([]float64, len(x.data)), make([]float64, channels), make([]float64, channels)
	n := float64(len(x.data) / channels)
	hat := func(i int) float64 {
		c := k.channel(i)
		return (float64(x.data[i]) - mean[c]) / math.Sqrt(variance[c]+testEpsilon)
	}
	for i, d := range dy.data {
		dOffset[k.channel(i)] += float64(d)
		dScale[k.channel(i)] += float64(d) * hat(i)
	}
	for i, d := range dy.data {
		c := k.channel(i)
		dx[i] = float64(scale.data[c]) / math.Sqrt(variance[c]+testEpsilon) * (float64(d) - dOffset[c]/n - hat(i)*dScale[c]/n)
	}
	return dx, dScale, dOffset
}
