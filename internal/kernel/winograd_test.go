package kernel

import (
	"math"
	"testing"
	"unsafe"
)

// winogradShapes have odd sizes, all paddings, tails of patches, of groups, of tiles, of panels and of vectors.
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

		fitted(ConvShape{N: 2, H: 4, W: 5, C: 3, KH: 1, KW: 2, F: 9}),
		fitted(ConvShape{N: 3, H: 9, W: 8, C: 24, KH: 4, KW: 4, F: 40}),
		fitted(ConvShape{N: 2, H: 6, W: 7, C: 16, KH: 4, KW: 4, F: 32, PadT: 3, PadL: 3}),
		fitted(ConvShape{N: 2, H: 11, W: 12, C: 8, KH: 5, KW: 5, F: 33, PadT: 2, PadL: 2}),
		fitted(ConvShape{N: 1, H: 12, W: 9, C: 5, KH: 6, KW: 6, F: 7, PadT: 1, PadL: 2}),
		fitted(ConvShape{N: 2, H: 15, W: 31, C: 16, KH: 7, KW: 7, F: 40}),
		fitted(ConvShape{N: 1, H: 23, W: 10, C: 7, KH: 7, KW: 7, F: 9, PadT: 6, PadL: 6}),
		fitted(ConvShape{N: 2, H: 13, W: 14, C: 8, KH: 8, KW: 8, F: 5, PadT: -1, PadL: 3}),
		fitted(ConvShape{N: 1, H: 20, W: 25, C: 3, KH: 10, KW: 10, F: 12}),
		fitted(ConvShape{N: 2, H: 12, W: 13, C: 5, KH: 3, KW: 7, F: 9, PadT: 1, PadL: 3}),
		fitted(ConvShape{N: 1, H: 12, W: 10, C: 5, KH: 6, KW: 4, F: 9, PadT: 1, PadL: 2}),
		fitted(ConvShape{N: 0, H: 8, W: 9, C: 4, KH: 7, KW: 7, F: 8}),
	}
}

// eachPatches calls test with all transforms that suit s.
func eachPatches(s ConvShape, test func(t *patchTransforms)) {
	for i := range active.patches {
		if t := &active.patches[i]; t.suits(s) {
			test(t)
		}
	}
}

// winogradConv plans s by minimal filtering, whether that is faster or not.
func winogradConv(s ConvShape, t *patchTransforms) *Conv {
	c := newConv(s)
	c.filterMinimally(newWinograd(c.ConvShape, &active.product, t))
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
func patchSizes(s ConvShape, step int, sizes []float64) []float64 {
	spread := make([]float64, len(sizes))
	each := func(visit func(i, patch int)) {
		for i := range sizes {
			f, at := i%s.F, i/s.F
			col, row, image := at%s.OW, at/s.OW%s.OH, at/s.pixels()
			visit(i, ((image*s.OH+row/step*step)*s.OW+col/step*step)*s.F+f)
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
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
		for _, at := range []WeightStrides{plainWeights(s), turnedWeights(s)} {
			want, exact := sumsOf(s, at, src, weights)
			eachImplementation(t, func(t *testing.T) {
				eachPatches(s, func(patches *patchTransforms) {
					sizes := patchSizes(s, patches.step, exact)
					dst, intact := guarded(len(want))
					runConv(winogradConv(s, patches), dst, src, weights, at, nil)
					for i := range want {
						if off := math.Abs(float64(dst[i]) - want[i]); !(off <= winogradError*sizes[i]) {
							t.Fatalf("%+v: y[%d] = %v, want %v within %v", s, i, dst[i], want[i], winogradError*sizes[i])
						}
					}
					if !intact() {
						t.Fatalf("%+v: wrote outside of the feature maps", s)
					}
				})
			})
		}
	}
}

// winogradWeightGrad plans the gradient of s by minimal filtering, whether that is faster or not.
func winogradWeightGrad(s ConvShape, t *patchTransforms) *ConvWeightGrad {
	k := &active.product
	return &ConvWeightGrad{ConvShape: s, kernels: k, winograd: newWinogradGrad(s, k, t)}
}

func TestWinogradWeightGradEqualsTheDefinition(t *testing.T) {
	shapes := append(winogradShapes(), // and some with many slices
		fitted(ConvShape{N: 9, H: 21, W: 19, C: 8, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1}),
		fitted(ConvShape{N: 5, H: 32, W: 30, C: 4, KH: 5, KW: 5, F: 33, PadT: 1, PadL: 1}))
	for _, s := range shapes {
		s = s.withDefaults()
		src, dy := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.N*s.pixels()*s.F)
		for _, at := range []WeightStrides{plainWeights(s), turnedWeights(s)} {
			want, size := make([]float64, s.KH*s.KW*s.C*s.F), 0.0
			eachProduct(s, at, func(x, w, y int) { want[w] += float64(src[x]) * float64(dy[y]) })
			for i := range dy {
				size += math.Abs(float64(dy[i])) / float64(s.F)
			}
			eachImplementation(t, func(t *testing.T) {
				eachPatches(s, func(patches *patchTransforms) {
					got, intact := guarded(len(want))
					runWeightGrad(winogradWeightGrad(s, patches), got, src, dy, at)
					for i := range want {
						if off := math.Abs(float64(got[i]) - want[i]); !(off <= winogradError*size) {
							t.Fatalf("%+v: dw[%d] = %v, want %v within %v", s, i, got[i], want[i], winogradError*size)
						}
					}
					if !intact() {
						t.Fatalf("%+v: wrote outside of the weights", s)
					}
				})
			})
		}
	}
}

// winogradCases are one convolution of one part and one of four.
func winogradCases() []ConvShape {
	return []ConvShape{
		fitted(ConvShape{N: 4, H: 14, W: 15, C: 20, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1}),
		fitted(ConvShape{N: 3, H: 15, W: 16, C: 12, KH: 7, KW: 6, F: 36, PadT: 2, PadL: 1}),
	}
}

func TestWinogradAppliesItsEpilogue(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, s := range winogradCases() {
			s.N = 1
			src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
			sums, _ := sumsOf(s, plainWeights(s), src, weights)
			for _, e := range epilogues(s.N*s.pixels(), s.F) {
				eachPatches(s, func(patches *patchTransforms) {
					before := randomFloats(6, len(sums))
					dst, intact := guarded(len(sums))
					copy(dst, before)
					runConv(winogradConv(s, patches), dst, src, weights, plainWeights(s), e)
					for i, got := range dst {
						// scales and slopes of about 2 multiply the errors
						if want := e.finish(sums[i], float64(before[i]), i, s.F); !near(got, want, 3*s.KH*s.KW*s.C) {
							t.Fatalf("y[%d] = %v, want %v with %+v", i, got, want, e)
						}
					}
					if !intact() {
						t.Fatalf("wrote outside of the feature maps with %+v", e)
					}
				})
			}
		}
	})
}

func TestWinogradDoesNotDependOnHowUnitsAreSplit(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, s := range winogradCases() {
			eachPatches(s, func(patches *patchTransforms) { checkWinogradUnits(t, s, patches) })
		}
	})
}

// checkWinogradUnits compares runs of all units at once with runs of one at a time.
func checkWinogradUnits(t *testing.T, s ConvShape, patches *patchTransforms) {
	src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
	c, w := winogradConv(s, patches), &Workspace{}
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
	g, oneGrad, allGrad := winogradWeightGrad(s, patches), make([]float32, len(weights)), make([]float32, len(weights))
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
}

func TestPatchTransformsAreTheirLoops(t *testing.T) {
	loops := portablePatches()
	eachImplementation(t, func(t *testing.T) {
		for i := range loops {
			got, want := &active.patches[i], &loops[i]
			for name, pair := range map[string][2]patchTransform{
				"weights": {got.weights, want.weights},
				"input":   {got.input, want.input},
				"output":  {got.output, want.output},

				"gradient of the output":  {got.outputGrad, want.outputGrad},
				"gradient of the weights": {got.weightsGrad, want.weightsGrad},
			} {
				for n := range 40 {
					got, wanted := transformed(pair[0], n), transformed(pair[1], n)
					for i := range wanted {
						if !near(got[i], float64(wanted[i]), 20) {
							t.Fatalf("%s of %d taps (n=%d)[%d] = %v, want %v", name, want.taps, n, i, got[i], wanted[i])
						}
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
		want  int // taps of its parts, 0 for a direct convolution
	}{
		{fitted(ConvShape{N: 256, H: 14, W: 14, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1}), 3},
		{fitted(ConvShape{N: 1, H: 56, W: 56, C: 256, KH: 3, KW: 3, F: 256, PadT: 1, PadL: 1}), 3},
		{fitted(ConvShape{N: 32, H: 48, W: 48, C: 64, KH: 7, KW: 7, F: 128}), 4},
		{fitted(ConvShape{N: 32, H: 21, W: 21, C: 128, KH: 4, KW: 4, F: 128}), 4},
		{fitted(ConvShape{N: 256, H: 3, W: 3, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1}), 0},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 1, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1}), 0},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1, StrideH: 2}), 0},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 64, KH: 1, KW: 1, F: 64}), 0},
		{fitted(ConvShape{N: 256, H: 28, W: 28, C: 64, KH: 3, KW: 3, F: 64, Groups: 2}), 0},
	} {
		if got := chosenTaps(NewConv(c.shape).winograd); got != c.want && active.patches[0].cost < neonPatchCost {
			t.Errorf("NewConv(%+v) filters minimally with %d taps, want %d (0 is directly)", c.shape, got, c.want)
		}
	}
}

// chosenTaps is the size of the parts of a kernel, or 0 without a plan.
func chosenTaps(g *winograd) int {
	if g == nil {
		return 0
	}
	return g.transforms.taps
}

func TestWinogradIsNotChosenWhereTransformsAreSlowOrDirectProductsFast(t *testing.T) {
	saved := active
	defer func() { active = saved }()
	slow := *active
	active = &slow
	s := fitted(ConvShape{N: 32, H: 14, W: 14, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})
	for i := range slow.patches {
		slow.patches[i].cost = neonPatchCost
	}
	if got := chosenTaps(NewConv(s).winograd); got != 0 {
		t.Errorf("with slow transforms NewConv(%+v) filters minimally with %d taps, want 0", s, got)
	}
	slow = *saved
	slow.product.pairs, s.Precision = true, BFloat16
	if got := chosenTaps(NewConv(s).winograd); got != 0 {
		t.Errorf("with fast products of bfloat16 NewConv(%+v) filters minimally with %d taps, want 0", s, got)
	}
}
