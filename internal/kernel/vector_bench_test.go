package kernel

import (
	"math"
	"testing"
)

// The sizes are those of Conv4's first block: a batch of 256 images, 28×28 pixels, 64 channels.
const (
	benchRows = 256 * 28 * 28
	benchC    = 64
	benchLen  = benchRows * benchC
)

// eachBenchmark runs work, which moves the given number of bytes, on every implementation, once on arrays of n numbers
// that come from memory and once on 4096 that stay in the first-level cache, and reports GB/s.
func eachBenchmark(b *testing.B, name string, bytesPerNumber int, work func(dst, x, y []float32)) {
	sizes := map[string]int{"memory": benchLen, "cache": 32 * benchC}
	saved := active
	defer func() { active = saved }()
	sets := implementations()
	for i := range sets {
		active = &sets[i]
		for _, where := range []string{"memory", "cache"} {
			n := sizes[where]
			b.Run(name+"/"+where+"/"+sets[i].name, func(b *testing.B) {
				dst, x, y := make([]float32, n), make([]float32, n), make([]float32, n)
				for i := range x {
					x[i], y[i] = float32(math.Sin(float64(i))), float32(math.Cos(float64(i)))
				}
				b.SetBytes(int64(n * bytesPerNumber))
				for b.Loop() {
					work(dst, x, y)
				}
			})
		}
	}
}

// BenchmarkMemory measures what the memory itself does, for comparison: copying, and reading alone.
func BenchmarkMemory(b *testing.B) {
	eachBenchmark(b, "copy", 8, func(dst, x, _ []float32) { copy(dst, x) })
}

func BenchmarkBinary(b *testing.B) {
	eachBenchmark(b, "Add", 12, func(dst, x, y []float32) { Binary(OpAdd, dst, x, y) })
	eachBenchmark(b, "Max", 12, func(dst, x, y []float32) { Binary(OpMax, dst, x, y) })
	eachBenchmark(b, "MulScalar", 8, func(dst, x, _ []float32) { BinaryScalar(OpMul, dst, x, 3) })
}

func BenchmarkUnary(b *testing.B) {
	for _, op := range []UnaryOp{OpRelu, OpSqrt, OpExp, OpLog, OpLog1p, OpLogistic, OpTanh, OpErf} {
		eachBenchmark(b, unaryNames[op], 8, func(dst, x, _ []float32) { Unary(op, dst, x) })
	}
}

func BenchmarkSelect(b *testing.B) {
	eachBenchmark(b, "ReluGrad", 12, func(dst, x, y []float32) { ReluGrad(dst, x, y) })
	cond := make([]bool, benchLen)
	eachBenchmark(b, "CompareScalar", 5, func(_, x, _ []float32) { CompareScalar(OpGreater, cond[:len(x)], x, 0) })
	eachBenchmark(b, "Select", 13, func(dst, x, y []float32) { Select(dst, cond[:len(x)], x, y) })
}

func BenchmarkReduce(b *testing.B) {
	eachBenchmark(b, "Sum", 4, func(_, x, _ []float32) { Reduce(ReduceSum, x) })
	eachBenchmark(b, "Max", 4, func(_, x, _ []float32) { Reduce(ReduceMax, x) })
	eachBenchmark(b, "SumColumns", 4, func(dst, x, _ []float32) {
		ReduceColumns(ReduceSum, dst[:Blocks(len(x)/benchC, BlockRows)*benchC], x, benchC)
	})
}

func BenchmarkNorm(b *testing.B) {
	row := make([]float32, benchC)
	partials := make([]float32, 2*Blocks(benchRows, BlockRows)*benchC)
	eachBenchmark(b, "Moments", 4, func(_, x, _ []float32) {
		n := Blocks(len(x)/benchC, BlockRows) * benchC
		Moments(partials[:n], partials[n:2*n], x, benchC)
	})
	eachBenchmark(b, "Normalize relu", 8, func(dst, x, _ []float32) { Normalize(dst, x, row, row, row, true) })
	eachBenchmark(b, "NormSums", 8, func(_, x, y []float32) {
		n := Blocks(len(x)/benchC, BlockRows) * benchC
		NormSums(partials[:n], partials[n:2*n], x, y, row, row)
	})
	grad := NormGrad{Mean: row, A: row, B: row, C: row}
	eachBenchmark(b, "NormGrad", 12, func(dst, x, y []float32) { grad.Apply(dst, x, y) })
}

func BenchmarkPool(b *testing.B) {
	pool := func(n int) Pool {
		p := Pool{N: 256, H: 28, W: 28, C: benchC, KH: 2, KW: 2, OH: 14, OW: 14, StrideH: 2, StrideW: 2}
		if n < benchLen {
			p.N, p.H, p.W, p.OH, p.OW = 1, 4, n/benchC/4, 2, n/benchC/8
		}
		return p
	}
	arg := make([]uint8, benchLen/4)
	eachBenchmark(b, "Max", 5, func(dst, x, _ []float32) {
		p := pool(len(x))
		p.Max(Largest, dst[:len(x)/4], nil, x, 0, p.Units())
	})
	eachBenchmark(b, "Max with positions", 5, func(dst, x, _ []float32) {
		p := pool(len(x))
		p.Max(Largest, dst[:len(x)/4], arg[:len(x)/4], x, 0, p.Units())
	})
	eachBenchmark(b, "MaxGrad", 5, func(dst, x, _ []float32) {
		p := pool(len(x))
		p.MaxGrad(dst, x[:len(x)/4], arg[:len(x)/4], 0, p.GradUnits())
	})
	eachBenchmark(b, "Max 3x3 stride 2", 5, func(dst, x, _ []float32) {
		p := pool(len(x))
		p.KH, p.KW, p.OH, p.OW = 3, 3, (p.H-1)/2, (p.W-1)/2
		p.Max(Largest, dst[:p.N*p.OH*p.OW*p.C], nil, x, 0, p.Units())
	})
}

func BenchmarkOptimizer(b *testing.B) {
	adam := Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Rest1: 0.1, Rest2: 0.001, Epsilon: 1e-8, MeanScale: 1, VarianceScale: 1}
	m := make([]float32, benchLen)
	eachBenchmark(b, "Adam", 28, func(p, g, v []float32) { adam.Step(p, m[:len(p)], v, g) })
}

func BenchmarkConversions(b *testing.B) {
	half := make([]uint16, benchLen)
	eachBenchmark(b, "ToBFloat16", 6, func(_, x, _ []float32) { ToBFloat16(half[:len(x)], x) })
	eachBenchmark(b, "FromBFloat16", 6, func(dst, x, _ []float32) { FromBFloat16(dst, half[:len(x)]) })
	eachBenchmark(b, "Transpose", 8, func(dst, x, _ []float32) { Transpose(dst, len(x)/benchC, x, benchC, len(x)/benchC, benchC) })
}
