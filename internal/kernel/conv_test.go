package kernel

import (
	"fmt"
	"slices"
	"testing"
)

// convCase is a convolution by name; fitted fills in the output size of a convolution with padding at the end like that
// at the start.
type convCase struct {
	name  string
	shape ConvShape
}

func fitted(s ConvShape) ConvShape {
	s.OH, s.OW = 1, 1
	s = s.withDefaults()
	s.OH = ((s.H-1)*s.InDilH+1+2*s.PadT-(s.KH-1)*s.DilH-1)/s.StrideH + 1
	s.OW = ((s.W-1)*s.InDilW+1+2*s.PadL-(s.KW-1)*s.DilW-1)/s.StrideW + 1
	return s
}

func convCases() []convCase {
	return []convCase{
		{"one pixel", fitted(ConvShape{N: 1, H: 1, W: 1, C: 3, KH: 1, KW: 1, F: 2})},
		{"one channel", fitted(ConvShape{N: 2, H: 9, W: 8, C: 1, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
		{"one channel, wide kernel", fitted(ConvShape{N: 1, H: 19, W: 24, C: 1, KH: 7, KW: 10, F: 33})},
		{"three channels", fitted(ConvShape{N: 1, H: 11, W: 13, C: 3, KH: 3, KW: 3, F: 32, PadT: 1, PadL: 1, StrideH: 2, StrideW: 2})},
		{"valid", fitted(ConvShape{N: 3, H: 7, W: 6, C: 5, KH: 4, KW: 3, F: 40})},
		{"same", fitted(ConvShape{N: 3, H: 7, W: 7, C: 12, KH: 3, KW: 3, F: 32, PadT: 1, PadL: 1})},
		{"large", fitted(ConvShape{N: 2, H: 30, W: 29, C: 2, KH: 3, KW: 3, F: 9, PadT: 1, PadL: 1})},
		{"deep", fitted(ConvShape{N: 1, H: 5, W: 4, C: 520, KH: 3, KW: 3, F: 3, PadT: 1, PadL: 1})},
		{"point", fitted(ConvShape{N: 3, H: 6, W: 5, C: 17, KH: 1, KW: 1, F: 31})},
		{"strided point", fitted(ConvShape{N: 3, H: 6, W: 5, C: 17, KH: 1, KW: 1, F: 31, StrideH: 2, StrideW: 2})},
		{"dilated kernel", fitted(ConvShape{N: 2, H: 9, W: 9, C: 3, KH: 3, KW: 2, F: 9, PadT: 2, PadL: 1, DilH: 2, DilW: 3})},
		{"dilated input", fitted(ConvShape{N: 2, H: 5, W: 4, C: 3, KH: 3, KW: 3, F: 9, PadT: 2, PadL: 2, InDilH: 2, InDilW: 3})},
		{"dilated input and strides", fitted(ConvShape{N: 1, H: 5, W: 6, C: 2, KH: 4, KW: 3, F: 9, PadT: 1, PadL: 2, InDilH: 3, InDilW: 2, StrideH: 2, StrideW: 2})},
		{"cropped", fitted(ConvShape{N: 2, H: 12, W: 12, C: 3, KH: 3, KW: 3, F: 9, PadT: -2, PadL: -1})},
		{"cropped above, padded below", ConvShape{N: 2, H: 6, W: 6, C: 3, KH: 3, KW: 3, F: 9, OH: 6, OW: 7, PadT: -1, PadL: -2}},
		{"padding wider than the image", ConvShape{N: 2, H: 2, W: 2, C: 3, KH: 2, KW: 2, F: 9, OH: 9, OW: 9, PadT: 4, PadL: 5}},
		{"all crop", ConvShape{N: 1, H: 3, W: 3, C: 2, KH: 2, KW: 2, F: 4, OH: 2, OW: 2, PadT: -5, PadL: -5}},
		{"grouped", fitted(ConvShape{N: 2, H: 6, W: 6, C: 12, KH: 3, KW: 3, F: 18, PadT: 1, PadL: 1, Groups: 3})},
		{"depthwise", fitted(ConvShape{N: 2, H: 6, W: 7, C: 10, KH: 3, KW: 3, F: 10, PadT: 1, PadL: 1, Groups: 10})},
		{"depthwise, one panel", fitted(ConvShape{N: 1, H: 9, W: 9, C: 32, KH: 3, KW: 3, F: 32, PadT: 1, PadL: 1, Groups: 32})},
		{"depthwise, strides", fitted(ConvShape{N: 2, H: 9, W: 8, C: 41, KH: 3, KW: 3, F: 41, PadT: 1, PadL: 1, StrideH: 2, StrideW: 2, Groups: 41})},
		{"depthwise, wide", fitted(ConvShape{N: 2, H: 5, W: 31, C: 43, KH: 3, KW: 3, F: 43, PadT: 1, PadL: 1, Groups: 43})},
		{"depthwise, wide, strides", fitted(ConvShape{N: 2, H: 7, W: 35, C: 43, KH: 3, KW: 3, F: 43, PadT: 1, PadL: 1, StrideH: 2, StrideW: 2, Groups: 43})},
		{"depthwise, low and wide kernel", fitted(ConvShape{N: 1, H: 4, W: 19, C: 64, KH: 2, KW: 3, F: 64, PadL: 1, StrideH: 2, Groups: 64})},
		{"depthwise, padded below only", ConvShape{N: 1, H: 8, W: 8, C: 56, KH: 3, KW: 3, F: 56, OH: 4, OW: 4, StrideH: 2, StrideW: 2, Groups: 56}},
		{"depthwise, 5x5", fitted(ConvShape{N: 1, H: 7, W: 7, C: 72, KH: 5, KW: 5, F: 72, PadT: 2, PadL: 2, Groups: 72})},
		{"depthwise, one output", fitted(ConvShape{N: 3, H: 4, W: 4, C: 48, KH: 4, KW: 4, F: 48, Groups: 48})},
		{"depthwise, dilated", fitted(ConvShape{N: 1, H: 8, W: 9, C: 20, KH: 3, KW: 3, F: 20, PadT: 2, PadL: 2, DilH: 2, DilW: 2, Groups: 20})},
		{"depthwise, dilated input", fitted(ConvShape{N: 1, H: 4, W: 5, C: 33, KH: 3, KW: 3, F: 33, PadT: 1, PadL: 1, InDilH: 2, InDilW: 2, Groups: 33})},
		{"depthwise, cropped", fitted(ConvShape{N: 1, H: 9, W: 8, C: 17, KH: 3, KW: 3, F: 17, PadT: -1, PadL: -2, Groups: 17})},
		{"depthwise multiplied", fitted(ConvShape{N: 2, H: 6, W: 7, C: 4, KH: 3, KW: 3, F: 8, StrideH: 2, StrideW: 2, Groups: 4})},
		{"no image", fitted(ConvShape{N: 0, H: 6, W: 7, C: 4, KH: 3, KW: 3, F: 8})},
	}
}

// plainWeights is the order kh, kw, c, f; turnedWeights has both kernel axes reversed and the channel axes swapped.
func plainWeights(s ConvShape) WeightStrides {
	return WeightStrides{F: 1, C: s.F, KW: s.F * s.groupC(), KH: s.F * s.groupC() * s.KW}
}

func turnedWeights(s ConvShape) WeightStrides {
	size := s.F * s.groupC()
	return WeightStrides{Offset: size * (s.KH*s.KW - 1), F: s.groupC(), C: 1, KW: -size, KH: -size * s.KW}
}

// eachProduct calls visit for every product of the convolution: number x of the images, w of the weights and y of the
// feature maps. It is the definition all convolution tests compare with.
func eachProduct(s ConvShape, at WeightStrides, visit func(x, w, y int)) {
	for i := range s.N * s.OH * s.OW * s.F * s.KH * s.KW * s.groupC() {
		c, i := i%s.groupC(), i/s.groupC()
		kw, i := i%s.KW, i/s.KW
		kh, i := i%s.KH, i/s.KH
		y := i
		f, i := i%s.F, i/s.F
		ow, i := i%s.OW, i/s.OW
		oh, n := i%s.OH, i/s.OH
		ih, iw := oh*s.StrideH+kh*s.DilH-s.PadT, ow*s.StrideW+kw*s.DilW-s.PadL
		if ih < 0 || iw < 0 || ih%s.InDilH != 0 || iw%s.InDilW != 0 || ih/s.InDilH >= s.H || iw/s.InDilW >= s.W {
			continue
		}
		x := ((n*s.H+ih/s.InDilH)*s.W+iw/s.InDilW)*s.C + f/s.groupF()*s.groupC() + c
		visit(x, at.Offset+kh*at.KH+kw*at.KW+c*at.C+f*at.F, y)
	}
}

func runConv(c *Conv, dst, src, weights []float32, at WeightStrides, ep *Epilogue) {
	packed, w := make([]float32, c.PackSize()), &Workspace{}
	for u := range c.PackUnits() {
		c.Pack(packed, weights, at, u, u+1)
	}
	for u := range c.Units() {
		c.Run(dst, src, packed, ep, u, u+1, w)
	}
}

// randomHalves are random numbers that bfloat16 holds exactly.
func randomHalves(seed uint64, n int) []float32 {
	x, halves := randomFloats(seed, n), make([]uint16, n)
	ToBFloat16(halves, x)
	FromBFloat16(x, halves)
	return x
}

// convVariants runs test for all cases, both precisions, and weights in two orders.
func convVariants(t *testing.T, test func(name string, s ConvShape, at WeightStrides)) {
	eachImplementation(t, func(t *testing.T) {
		for _, c := range convCases() {
			for _, precision := range []Precision{Float32, BFloat16} {
				s := c.shape.withDefaults()
				s.Precision = precision
				test(fmt.Sprintf("%s, precision %d, plain weights", c.name, precision), s, plainWeights(s))
				test(fmt.Sprintf("%s, precision %d, turned weights", c.name, precision), s, turnedWeights(s))
			}
		}
	})
}

func TestConvEqualsItsDefinition(t *testing.T) {
	convVariants(t, func(name string, s ConvShape, at WeightStrides) {
		src, weights := randomHalves(1, s.N*s.H*s.W*s.C), randomHalves(2, s.KH*s.KW*s.groupC()*s.F)
		want := make([]float64, s.N*s.pixels()*s.F)
		eachProduct(s, at, func(x, w, y int) { want[y] += float64(src[x]) * float64(weights[w]) })
		dst, intact := guarded(len(want))
		runConv(NewConv(s), dst, src, weights, at, nil)
		for i := range want {
			if !near(dst[i], want[i], s.KH*s.KW*s.C) {
				t.Fatalf("%s: y[%d] = %v, want %v", name, i, dst[i], want[i])
			}
		}
		if !intact() {
			t.Fatalf("%s: wrote outside of the feature maps", name)
		}
	})
}

func TestConvAppliesItsEpilogue(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		s := fitted(ConvShape{N: 2, H: 7, W: 7, C: 260, KH: 3, KW: 3, F: 44, PadT: 1, PadL: 1})
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
		sums := make([]float64, s.N*s.pixels()*s.F)
		eachProduct(s, plainWeights(s), func(x, w, y int) { sums[y] += float64(src[x]) * float64(weights[w]) })
		for _, e := range epilogues(s.N*s.pixels(), s.F)[130:] {
			before := randomFloats(6, len(sums))
			dst := append([]float32(nil), before...)
			runConv(NewConv(s), dst, src, weights, plainWeights(s), e)
			for i, got := range dst {
				if want := e.finish(sums[i], float64(before[i]), i, s.F); !near(got, want, 16*s.KH*s.KW*s.C) {
					t.Fatalf("y[%d] = %v, want %v with %+v", i, got, want, e)
				}
			}
		}
	})
}

func TestConvWeightGradEqualsItsDefinition(t *testing.T) {
	convVariants(t, func(name string, s ConvShape, at WeightStrides) {
		src, dy := randomHalves(1, s.N*s.H*s.W*s.C), randomHalves(2, s.N*s.pixels()*s.F)
		want := make([]float64, s.KH*s.KW*s.groupC()*s.F)
		eachProduct(s, at, func(x, w, y int) { want[w] += float64(src[x]) * float64(dy[y]) })
		got, intact := guarded(len(want))
		runWeightGrad(NewConvWeightGrad(s), got, src, dy, at)
		for i := range want {
			if !near(got[i], want[i], s.N*s.pixels()) {
				t.Fatalf("%s: dw[%d] = %v, want %v", name, i, got[i], want[i])
			}
		}
		if !intact() {
			t.Fatalf("%s: wrote outside of the weights", name)
		}
	})
}

// runWeightGrad runs all units, one by one, on scratch memory of any content.
func runWeightGrad(g *ConvWeightGrad, dw, src, dy []float32, at WeightStrides) {
	scratch, w := randomFloats(3, g.ScratchSize()), &Workspace{}
	for u := range g.Units() {
		g.Run(scratch, src, dy, u, u+1, w)
	}
	for u := range g.ReduceUnits() {
		g.Reduce(dw, scratch, at, u, u+1)
	}
}

func TestBFloat16RoundsBothOperands(t *testing.T) {
	const above = 1 + 1.0/512 // rounds to 1
	eachImplementation(t, func(t *testing.T) {
		if !active.product.pairs {
			t.Skip("this set has no products of bfloat16")
		}
		s := ConvShape{N: 1, H: 1, W: 2, C: 8, KH: 1, KW: 1, F: 1, OH: 1, OW: 2, Precision: BFloat16}.withDefaults()
		x, dst, dw := make([]float32, 16), make([]float32, 2), make([]float32, 8)
		Fill(x, above)
		runConv(NewConv(s), dst, x, x[:8], plainWeights(s), nil)
		if dst[0] != 8 || dst[1] != 8 {
			t.Errorf("the sum of 8 products of numbers that round to 1 = %v, want 8", dst)
		}
		runWeightGrad(NewConvWeightGrad(s), dw, x, x[:2], plainWeights(s))
		if dw[0] != 2 {
			t.Errorf("the sum of 2 products of numbers that round to 1 = %v, want 2", dw[0])
		}
	})
}

func TestKeptConvGivesEachImageWhatItGivesItAlone(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, s := range []ConvShape{
			fitted(ConvShape{N: 20, H: 7, W: 7, C: 32, KH: 3, KW: 3, F: 32, PadT: 1, PadL: 1}),
			fitted(ConvShape{N: 20, H: 3, W: 3, C: 32, KH: 3, KW: 3, F: 32, PadT: 1, PadL: 1}), // one patch
			fitted(ConvShape{N: 20, H: 9, W: 9, C: 24, KH: 4, KW: 4, F: 40}),
			fitted(ConvShape{N: 20, H: 8, W: 8, C: 3, KH: 3, KW: 3, F: 16, StrideH: 2, StrideW: 2}),
		} {
			src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
			together := make([]float32, s.N*s.pixels()*s.F)
			runConv(NewKeptConv(s), together, src, weights, plainWeights(s), nil)
			one := s
			one.N = 1
			in, out := len(src)/s.N, len(together)/s.N
			for i := range s.N {
				alone := make([]float32, out)
				runConv(NewKeptConv(one), alone, src[i*in:(i+1)*in], weights, plainWeights(s), nil)
				if !slices.Equal(alone, together[i*out:(i+1)*out]) {
					t.Fatalf("%+v: image %d comes out otherwise alone", s, i)
				}
			}
		}
	})
}

func TestConvResultDoesNotDependOnHowUnitsAreSplit(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, precision := range []Precision{Float32, BFloat16} {
			s := fitted(ConvShape{N: 3, H: 20, W: 20, C: 8, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1, Precision: precision})
			src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
			c, g, w := NewConv(s), NewConvWeightGrad(s), &Workspace{}
			one, all := make([]float32, s.N*s.pixels()*s.F), make([]float32, s.N*s.pixels()*s.F)
			runConv(c, one, src, weights, plainWeights(s), nil)
			packed := make([]float32, c.PackSize())
			c.Pack(packed, weights, plainWeights(s), 0, c.PackUnits())
			c.Run(all, src, packed, nil, 0, c.Units(), w)
			if at := firstDifference(one, all); at >= 0 {
				t.Errorf("precision %d: in one run y[%d] = %v, unit by unit %v", precision, at, all[at], one[at])
			}
			oneGrad, allGrad := make([]float32, len(weights)), make([]float32, len(weights))
			runWeightGrad(g, oneGrad, src, one, plainWeights(s))
			scratch := make([]float32, g.ScratchSize())
			g.Run(scratch, src, one, 0, g.Units(), w)
			g.Reduce(allGrad, scratch, plainWeights(s), 0, g.ReduceUnits())
			if at := firstDifference(oneGrad, allGrad); at >= 0 {
				t.Errorf("precision %d: in one run dw[%d] = %v, unit by unit %v", precision, at, allGrad[at], oneGrad[at])
			}
		}
	})
}

// firstDifference is the first place where two slices differ, or -1.
func firstDifference(x, y []float32) int {
	for i := range x {
		if x[i] != y[i] {
			return i
		}
	}
	return -1
}

func TestRunAllocatesNothingInTheSteadyState(t *testing.T) {
	s := fitted(ConvShape{N: 2, H: 14, W: 14, C: 8, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1})
	src, dst := randomFloats(1, s.N*s.H*s.W*s.C), make([]float32, s.N*s.pixels()*s.F)
	c, g, w := NewConv(s), NewConvWeightGrad(s), &Workspace{}
	packed, scratch := make([]float32, c.PackSize()), make([]float32, g.ScratchSize())
	step := func() {
		c.Run(dst, src, packed, nil, 0, c.Units(), w)
		g.Run(scratch, src, dst, 0, g.Units(), w)
	}
	if n := testing.AllocsPerRun(5, step); n != 0 {
		t.Errorf("a convolution and its gradient allocate %v times, want 0", n)
	}
}
