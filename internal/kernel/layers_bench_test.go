package kernel

import (
	"math"
	"testing"
	"time"
)

// layer is a convolution of a network and the batch it is timed with.
type layer struct {
	name  string
	shape ConvShape
}

// layers are the convolutions of Koch's network for 105×105 images, of Conv4 for 28×28 ones, and the first of VGG16.
func layers() []layer {
	return []layer{
		{"koch1", fitted(ConvShape{N: 32, H: 105, W: 105, C: 1, KH: 10, KW: 10, F: 64})},
		{"koch2", fitted(ConvShape{N: 32, H: 48, W: 48, C: 64, KH: 7, KW: 7, F: 128})},
		{"koch3", fitted(ConvShape{N: 32, H: 21, W: 21, C: 128, KH: 4, KW: 4, F: 128})},
		{"koch4", fitted(ConvShape{N: 32, H: 9, W: 9, C: 128, KH: 4, KW: 4, F: 256})},
		{"conv4_1", fitted(ConvShape{N: 256, H: 28, W: 28, C: 1, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"conv4_2", fitted(ConvShape{N: 256, H: 14, W: 14, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"conv4_3", fitted(ConvShape{N: 256, H: 7, W: 7, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"conv4_4", fitted(ConvShape{N: 256, H: 3, W: 3, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"wide", fitted(ConvShape{N: 64, H: 28, W: 28, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"vgg1", fitted(ConvShape{N: 1, H: 512, W: 512, C: 3, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"vgg5", fitted(ConvShape{N: 1, H: 32, W: 32, C: 512, KH: 3, KW: 3, F: 512, PadT: 1, PadL: 1})},
		{"person", fitted(ConvShape{N: 16, H: 32, W: 16, C: 64, KH: 3, KW: 3, F: 128, PadT: 1, PadL: 1, StrideH: 2, StrideW: 2})},
	}
}

// flops is the number of multiplications and additions of a convolution, padding included.
func (s ConvShape) flops() float64 {
	return 2 * float64(s.N*s.pixels()*s.F) * float64(s.KH*s.KW*s.groupC())
}

// inputGradient is the convolution that turns feature-map gradients into image gradients.
func (s ConvShape) inputGradient() ConvShape {
	return ConvShape{
		N: s.N, H: s.OH, W: s.OW, C: s.F, F: s.C, OH: s.H, OW: s.W, KH: s.KH, KW: s.KW,
		PadT: (s.KH-1)*s.DilH - s.PadT, PadL: (s.KW-1)*s.DilW - s.PadL,
		DilH: s.DilH, DilW: s.DilW, InDilH: s.StrideH, InDilW: s.StrideW, Groups: s.Groups, Precision: s.Precision,
	}.withDefaults()
}

// benchmarkFLOPS times work and reports the speed of its fastest run on one core, and that speed's share of the
// processor's limit. The fastest run is the one that other programs disturbed least.
func benchmarkFLOPS(b *testing.B, flops float64, work func()) (speed float64) {
	limit := PeakGFLOPS(20 * time.Millisecond)
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		work()
		best = min(best, time.Since(start))
	}
	speed = flops / best.Seconds() / 1e9
	b.ReportMetric(speed, "GFLOP/s")
	b.ReportMetric(100*speed/max(limit, PeakGFLOPS(20*time.Millisecond)), "%limit")
	return speed
}

// eachLayer benchmarks the layers in both precisions, where the processor has both.
func eachLayer(b *testing.B, work func(b *testing.B, s ConvShape)) {
	for _, l := range layers() {
		b.Run(l.name, func(b *testing.B) { work(b, l.shape) })
		if active.product.pairs {
			l.shape.Precision = BFloat16
			b.Run(l.name+"/bf16", func(b *testing.B) { work(b, l.shape) })
		}
	}
}

func BenchmarkConvForward(b *testing.B) {
	eachLayer(b, func(b *testing.B, s ConvShape) { benchmarkConv(b, s, s.flops()) })
}

func BenchmarkConvInputGradient(b *testing.B) {
	eachLayer(b, func(b *testing.B, s ConvShape) { benchmarkConv(b, s.inputGradient(), s.flops()) })
}

func benchmarkConv(b *testing.B, s ConvShape, flops float64) {
	src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.groupC()*s.F)
	dst := make([]float32, s.N*s.pixels()*s.F)
	c, w := NewConv(s), &Workspace{}
	packed := make([]float32, c.PackSize())
	benchmarkFLOPS(b, flops, func() {
		c.Pack(packed, weights, plainWeights(s), 0, c.PackUnits())
		c.Run(dst, src, packed, &Epilogue{Stream: len(dst) > 4<<20}, 0, c.Units(), w)
	})
}

func BenchmarkConvWeightGradient(b *testing.B) {
	eachLayer(b, benchmarkWeightGradient)
}

func benchmarkWeightGradient(b *testing.B, s ConvShape) {
	src, dy := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.N*s.pixels()*s.F)
	dw := make([]float32, s.KH*s.KW*s.groupC()*s.F)
	g, w := NewConvWeightGrad(s), &Workspace{}
	scratch := make([]float32, g.ScratchSize())
	benchmarkFLOPS(b, s.flops(), func() {
		g.Run(scratch, src, dy, 0, g.Units(), w)
		g.Reduce(dw, scratch, plainWeights(s), 0, g.ReduceUnits())
	})
}

func BenchmarkGemm(b *testing.B) {
	for _, m := range []struct {
		name  string
		shape GemmShape
	}{
		{"square1024", GemmShape{M: 1024, N: 1024, K: 1024}},
		{"koch_fc_forward", GemmShape{M: 32, N: 4096, K: 9216}},
		{"koch_fc_input_gradient", GemmShape{M: 32, N: 9216, K: 4096, TransB: true}},
		{"koch_fc_weight_gradient", GemmShape{M: 9216, N: 4096, K: 32, TransA: true}},
		{"pairwise_distances", GemmShape{M: 256, N: 256, K: 64, TransB: true}},
	} {
		b.Run(m.name, func(b *testing.B) {
			s := m.shape.withDefaults()
			x, y := gemmOperands(s)
			c := make([]float32, s.M*s.LDC)
			g, w := NewGemm(s), &Workspace{}
			benchmarkFLOPS(b, 2*float64(s.M*s.N)*float64(s.K), func() {
				g.RunUnpacked(c, x, y, &Epilogue{Stream: len(c) > 4<<20}, 0, g.UnpackedUnits(), w)
			})
		})
	}
}
