package kernel

import (
	"math"
	"testing"
	"unsafe"
)

// winogradShapes have odd sizes, all paddings, tails of patches, of tiles, of panels and of vectors.
func winogradShapes() []ConvShape {
	return []ConvShape{
		fitted(ConvShape{N: 1, H: 3, W: 3, C: 1, KH: 3, KW: 3, F: 1}),
		fitted(ConvShape{N: 2, H: 4, W: 5, C: 7, KH: 3, KW: 3, F: 3, PadT: 1, PadL: 1}),
		fitted(ConvShape{N: 2, H: 9, W: 11, C: 16, KH: 3, KW: 3, F: 32, PadT: 1, PadL: 1}),
		fitted(ConvShape{N: 2, H: 8, W: 6, C: 24, KH: 3, KW: 3, F: 40, PadT: 2, PadL: 2}),
		fitted(ConvShape{N: 2, H: 10, W: 10, C: 17, KH: 3, KW: 3, F: 65, PadT: 1, PadL: 2}),
		fitted(ConvShape{N: 1, H: 7, W: 13, C: 64, KH: 3, KW: 3, F: 32, PadL: 1}),
		fitted(ConvShape{N: 2, H: 12, W: 13, C: 5, KH: 3, KW: 3, F: 9, PadT: -2, PadL: -1}),
		{N: 2, H: 6, W: 6, C: 3, KH: 3, KW: 3, F: 9, OH: 6, OW: 7, PadT: -1, PadL: -2},
		{N: 1, H: 2, W: 2, C: 3, KH: 3, KW: 3, F: 4, OH: 9, OW: 8, PadT: 5, PadL: 4},
		fitted(ConvShape{N: 0, H: 6, W: 7, C: 4, KH: 3, KW: 3, F: 8}),
	}
}

// winogradConv plans s by minimal filtering, whether that is faster or not.
func winogradConv(s ConvShape) *Conv {
	c := newConv(s)
	c.winograd = newWinograd(c.ConvShape, c.kernels)
	return c
}

// sumsOf is the definition of a convolution: every output and the sum of the absolute products it is made of.
func sumsOf(s ConvShape, at WeightStrides, src, weights []float32) (sums, sizes []float64) {
	n := s.N * s.pixels() * s.F
	sums, sizes = make([]float64, n), make([]float64, n)
	eachProduct(s, at, func(x, w, y int) {
		product := float64(src[x]) * float64(weights[w])
		sums[y] += product
		sizes[y] += math.Abs(product)
	})
	return sums, sizes
}

// winogradError is how far a convolution by minimal filtering may be from the exact sum, as a share of the sum of the
// absolute products of the whole patch that it is computed from.
const winogradError = 2e-6

// patchSizes replaces the sizes of outputs by the largest in their patch, for rounding errors spread over it.
func patchSizes(s ConvShape, sizes []float64) []float64 {
	spread := make([]float64, len(sizes))
	each := func(visit func(i, patch int)) {
		for i := range sizes {
			f, at := i%s.F, i/s.F
			col, row, image := at%s.OW, at/s.OW%s.OH, at/s.pixels()
			visit(i, ((image*s.OH+row/patchStep*patchStep)*s.OW+col/patchStep*patchStep)*s.F+f)
		}
	}
	largest := make([]float64, len(sizes))
	each(func(i, patch int) { largest[patch] = max(largest[patch], sizes[i]) })
	each(func(i, patch int) { spread[i] = largest[patch] })
	return spread
}

func TestWinogradEqualsTheDefinition(t *testing.T) {
	for _, s := range winogradShapes() {
		s = s.withDefaults()
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, 9*s.C*s.F)
		for _, at := range []WeightStrides{plainWeights(s), turnedWeights(s)} {
			want, sizes := sumsOf(s, at, src, weights)
			sizes = patchSizes(s, sizes)
			eachImplementation(t, func(t *testing.T) {
				dst, intact := guarded(len(want))
				runConv(winogradConv(s), dst, src, weights, at, nil)
				for i := range want {
					if off := math.Abs(float64(dst[i]) - want[i]); !(off <= winogradError*sizes[i]) {
						t.Fatalf("%+v: y[%d] = %v, want %v within %v", s, i, dst[i], want[i], winogradError*sizes[i])
					}
				}
				if !intact() {
					t.Fatalf("%+v: wrote outside of the feature maps", s)
				}
			})
		}
	}
}

// winogradWeightGrad plans the gradient of s by minimal filtering, whether that is faster or not.
func winogradWeightGrad(s ConvShape) *ConvWeightGrad {
	k := &active.product
	return &ConvWeightGrad{ConvShape: s, kernels: k, winograd: newWinogradGrad(s, k)}
}

func TestWinogradWeightGradEqualsTheDefinition(t *testing.T) {
	shapes := append(winogradShapes(),
		fitted(ConvShape{N: 9, H: 21, W: 19, C: 8, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1})) // many slices
	for _, s := range shapes {
		s = s.withDefaults()
		src, dy := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.N*s.pixels()*s.F)
		for _, at := range []WeightStrides{plainWeights(s), turnedWeights(s)} {
			want, size := make([]float64, 9*s.C*s.F), 0.0
			eachProduct(s, at, func(x, w, y int) { want[w] += float64(src[x]) * float64(dy[y]) })
			for i := range dy {
				size += math.Abs(float64(dy[i])) / float64(s.F)
			}
			eachImplementation(t, func(t *testing.T) {
				got, intact := guarded(len(want))
				runWeightGrad(winogradWeightGrad(s), got, src, dy, at)
				for i := range want {
					if off := math.Abs(float64(got[i]) - want[i]); !(off <= winogradError*size) {
						t.Fatalf("%+v: dw[%d] = %v, want %v within %v", s, i, got[i], want[i], winogradError*size)
					}
				}
				if !intact() {
					t.Fatalf("%+v: wrote outside of the weights", s)
				}
			})
		}
	}
}

func TestWinogradAppliesItsEpilogue(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		s := fitted(ConvShape{N: 2, H: 7, W: 7, C: 20, KH: 3, KW: 3, F: 44, PadT: 1, PadL: 1})
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, 9*s.C*s.F)
		sums, _ := sumsOf(s, plainWeights(s), src, weights)
		for _, e := range epilogues(s.N*s.pixels(), s.F) {
			before := randomFloats(6, len(sums))
			dst, intact := guarded(len(sums))
			copy(dst, before)
			runConv(winogradConv(s), dst, src, weights, plainWeights(s), e)
			for i, got := range dst {
				if want := e.finish(sums[i], float64(before[i]), i, s.F); !near(got, want, 9*s.C) {
					t.Fatalf("y[%d] = %v, want %v with %+v", i, got, want, e)
				}
			}
			if !intact() {
				t.Fatalf("wrote outside of the feature maps with %+v", e)
			}
		}
	})
}

func TestWinogradDoesNotDependOnHowUnitsAreSplit(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		s := fitted(ConvShape{N: 8, H: 20, W: 20, C: 8, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1})
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, 9*s.C*s.F)
		c, w := winogradConv(s), &Workspace{}
		one, all := make([]float32, s.N*s.pixels()*s.F), make([]float32, s.N*s.pixels()*s.F)
		runConv(c, one, src, weights, plainWeights(s), nil)
		packed := make([]float32, c.PackSize())
		run := func() {
			c.Pack(packed, weights, plainWeights(s), 0, c.PackUnits())
			c.Run(all, src, packed, nil, 0, c.Units(), w)
		}
		if n := testing.AllocsPerRun(3, run); n != 0 {
			t.Errorf("a convolution allocates %v times, want 0", n)
		}
		if at := firstDifference(one, all); at >= 0 {
			t.Errorf("in one run y[%d] = %v, unit by unit %v", at, all[at], one[at])
		}
		g, oneGrad, allGrad := winogradWeightGrad(s), make([]float32, len(weights)), make([]float32, len(weights))
		runWeightGrad(g, oneGrad, src, one, plainWeights(s))
		scratch := make([]float32, g.ScratchSize())
		runGrad := func() {
			g.Run(scratch, src, one, 0, g.Units(), w)
			g.Reduce(allGrad, scratch, plainWeights(s), 0, g.ReduceUnits())
		}
		if n := testing.AllocsPerRun(3, runGrad); n != 0 {
			t.Errorf("a weight gradient allocates %v times, want 0", n)
		}
		if at := firstDifference(oneGrad, allGrad); at >= 0 {
			t.Errorf("in one run dw[%d] = %v, unit by unit %v", at, allGrad[at], oneGrad[at])
		}
	})
}

func TestPatchTransformsAreTheirLoops(t *testing.T) {
	want := portablePatchTransforms()
	eachImplementation(t, func(t *testing.T) {
		for name, pair := range map[string][2]patchTransform{
			"weights": {active.patches.weights, want.weights},
			"input":   {active.patches.input, want.input},
			"output":  {active.patches.output, want.output},

			"gradient of the output":  {active.patches.outputGrad, want.outputGrad},
			"gradient of the weights": {active.patches.weightsGrad, want.weightsGrad},
		} {
			for n := range 40 {
				got, wanted := transformed(pair[0], n), transformed(pair[1], n)
				for i := range wanted {
					if !near(got[i], float64(wanted[i]), 20) {
						t.Fatalf("%s(n=%d)[%d] = %v, want %v", name, n, i, got[i], wanted[i])
					}
				}
			}
		}
	})
}

// transformed runs a transform of n channels on the largest patch, and returns its memory with a gap after each pixel.
func transformed(f patchTransform, n int) []float32 {
	from, to := randomFloats(uint64(n), patchPoints*(n+3)), make([]float32, patchPoints*(n+3))
	var src, dst [patchPoints]unsafe.Pointer
	for i := range src {
		src[i], dst[i] = unsafe.Pointer(&from[i*(n+3)]), unsafe.Pointer(&to[i*(n+3)])
	}
	f(&dst[0], &src[0], 8, 4, n)
	return to
}

func TestWinogradIsChosenForLargeConvolutions(t *testing.T) {
	for _, c := range []struct {
		shape ConvShape
		want  bool
	}{
		{fitted(ConvShape{N: 256, H: 14, W: 14, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1}), true},
		{fitted(ConvShape{N: 1, H: 56, W: 56, C: 256, KH: 3, KW: 3, F: 256, PadT: 1, PadL: 1}), true},
		{fitted(ConvShape{N: 256, H: 3, W: 3, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1}), false},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 1, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1}), false},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1, StrideH: 2}), false},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 64, KH: 4, KW: 4, F: 64}), false},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 64, KH: 3, KW: 3, F: 64, Groups: 2}), false},
	} {
		if got := NewConv(c.shape).winograd != nil; got != c.want {
			t.Errorf("NewConv(%+v) chooses minimal filtering: %v, want %v", c.shape, got, c.want)
		}
	}
}
