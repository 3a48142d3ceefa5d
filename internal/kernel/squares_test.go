package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// eachSquares runs the test for the portable loops and the fastest ones, with the portable loop of the matrix unit where
// there is no other.
func eachSquares(t *testing.T, test func(t *testing.T)) {
	saved := active
	defer func() { active = saved }()
	sets := implementations()
	for _, set := range []implementation{sets[0], sets[len(sets)-1]} {
		if set.product.squares == nil {
			set.product.squares = squaresPortable
		}
		active = &set
		t.Run(set.name, test)
	}
}

// held is numbers as the parts of a precision hold them.
type held struct{ high, low []float32 }

func heldBy(p Precision, x []float32) held {
	h := held{make([]float32, len(x)), make([]float32, len(x))}
	for i, v := range x {
		h.high[i], _ = halvesOf(pair(v, 0))
		if p == BFloat16x3 {
			h.low[i], _ = halvesOf(pair(v-h.high[i], 0))
		}
	}
	return h
}

// product is that of numbers i and j, without the least of its four terms.
func (h held) product(i int, y held, j int) float64 {
	return float64(h.high[i])*(float64(y.high[j])+float64(y.low[j])) + float64(h.low[i])*float64(y.high[j])
}

func TestSquaresAreSumsOfProducts(t *testing.T) {
	eachSquares(t, func(t *testing.T) {
		const count, depth, squares, aRow = 3, 2, 2, 160
		a, b := halvesIn(randomHalvesPacked(1, 20000)), halvesIn(randomHalvesPacked(2, 20000))
		segments := []segment{{0, 0}, {64, 3 * squareStep}, {8, squareStep}}
		c, intact := guarded(squares * squareSums)
		before := randomFloats(3, len(c))
		for _, accumulate := range []int{0, 1} {
			copy(c, before)
			w := squareWork{
				a: unsafe.Pointer(&a[0]), aRow: aRow, aStep: 64, aNext: 6000, b: unsafe.Pointer(&b[0]),
				segments: &segments[0], count: count, depth: depth, c: &c[0], squares: squares, accumulate: accumulate,
			}
			active.product.squares(&w)
			for at := range c {
				square, i, j := at/squareSums, at/squareSide%squareSide, at%squareSide
				want := float64(accumulate) * float64(before[at])
				for _, s := range segments {
					for k := range depth * squareDepth {
						x := a[(square*6000+i*aRow+s.a)/2+k]
						y := b[s.b/2+k/2*2*squareSide+2*j+k%2]
						want += float64(fromHalf(x)) * float64(fromHalf(y))
					}
				}
				if !near(c[at], want, count*depth*squareDepth) {
					t.Fatalf("square %d [%d, %d] = %v, want %v", square, i, j, c[at], want)
				}
			}
		}
		if !intact() {
			t.Error("the loop wrote outside of its sums")
		}
	})
}

func fromHalf(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// randomHalvesPacked are random bfloat16, two in the place of a float32.
func randomHalvesPacked(seed uint64, n int) []float32 {
	x, packed := randomFloats(seed, 2*n), make([]float32, n)
	ToBFloat16(halvesIn(packed), x)
	return packed
}

func runSquareGemm(g *SquareGemm, c, a, b []float32, ep *Epilogue) {
	left, right, w := make([]float32, g.LeftSize()), make([]float32, g.PackSize()), &Workspace{}
	for u := range g.LeftUnits() {
		g.PackLeft(left, a, u, u+1, w)
	}
	for u := range g.PackUnits() {
		g.Pack(right, b, u, u+1, w)
	}
	for u := range g.Units() {
		g.Run(c, left, right, ep, u, u+1, w)
	}
}

// runSquareGemmOnce leaves B as it is.
func runSquareGemmOnce(g *SquareGemm, c, a, b []float32) {
	left, w := make([]float32, g.LeftSize()), &Workspace{}
	g.PackLeft(left, a, 0, g.LeftUnits(), w)
	for u := range g.Units() {
		g.RunOnce(c, left, b, nil, u, u+1, w)
	}
}

func TestSquareGemmEqualsItsDefinition(t *testing.T) {
	eachSquares(t, func(t *testing.T) {
		for i, s := range []GemmShape{
			{M: 1, N: 1, K: 1}, {M: 33, N: 31, K: 40}, {M: 64, N: 64, K: 32}, {M: 5, N: 70, K: 2100}, {M: 300, N: 3, K: 7}, {M: 4, N: 5},
		} {
			for trans := range 4 {
				for _, p := range []Precision{BFloat16, BFloat16x3} {
					s.TransA, s.TransB = trans&1 > 0, trans&2 > 0
					s := s.withDefaults()
					a, b := gemmOperands(s)
					c, intact := guarded(s.M * s.N)
					once := make([]float32, s.M*s.N)
					runSquareGemm(NewSquareGemm(s, p), c, a, b, nil)
					runSquareGemmOnce(NewSquareGemm(s, p), once, a, b)
					if !slices.Equal(once, c) {
						t.Fatalf("case %d, %+v, %d parts: packed block by block the product is another", i, s, p.parts())
					}
					want := heldGemm(s, heldBy(p, a), heldBy(p, b))
					for at := range c {
						if !near(c[at], want[at], s.K) {
							t.Fatalf("case %d, %+v, %d parts: c[%d] = %v, want %v", i, s, p.parts(), at, c[at], want[at])
						}
					}
					if !intact() {
						t.Fatalf("%+v wrote outside of c", s)
					}
				}
			}
		}
	})
}

// heldGemm is the product of what is held.
func heldGemm(s GemmShape, a, b held) []float64 {
	c := naiveGemm(s, a.high, b.high)
	for _, rest := range [][]float64{naiveGemm(s, a.high, b.low), naiveGemm(s, a.low, b.high)} {
		for i, x := range rest {
			c[i] += x
		}
	}
	return c
}

func TestThreeProductsOfHalvesAreNearlyFloat32(t *testing.T) {
	eachSquares(t, func(t *testing.T) {
		s := GemmShape{M: 40, N: 40, K: 300}.withDefaults()
		a, b := gemmOperands(s)
		c := make([]float32, s.M*s.N)
		runSquareGemm(NewSquareGemm(s, BFloat16x3), c, a, b, nil)
		exact, sizes := naiveGemm(s, a, b), naiveGemm(s, absolute(a), absolute(b))
		for i, got := range c {
			bound := (3*0x1p-18 + 3*float64(s.K)*0x1p-24) * sizes[i]
			if off := math.Abs(float64(got) - exact[i]); off > bound {
				t.Fatalf("c[%d] = %v, off by %.2g from %v, want at most %.2g", i, got, off, exact[i], bound)
			}
		}
	})
}

func absolute(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = absOf(v)
	}
	return y
}

func TestSquareGemmAppliesItsEpilogue(t *testing.T) {
	eachSquares(t, func(t *testing.T) {
		s := GemmShape{M: 35, N: 44, K: 20}.withDefaults()
		a, b := gemmOperands(s)
		sums := heldGemm(s, heldBy(BFloat16, a), heldBy(BFloat16, b))
		for _, e := range epilogues(s.M, s.N)[130:] {
			before := randomFloats(6, len(sums))
			c := append([]float32(nil), before...)
			runSquareGemm(NewSquareGemm(s, BFloat16), c, a, b, e)
			for i, got := range c {
				if want := e.finish(sums[i], float64(before[i]), i, s.N); !near(got, want, 16*s.K) {
					t.Fatalf("c[%d] = %v, want %v with %+v", i, got, want, e)
				}
			}
		}
	})
}

// squareVariants runs test for the cases that suit the matrix unit, both precisions, and weights in two orders.
func squareVariants(t *testing.T, test func(name string, s ConvShape, at WeightStrides)) {
	eachSquares(t, func(t *testing.T) {
		ran := 0
		for _, c := range convCases() {
			s := c.shape.withDefaults()
			if !s.suitsSquares() || s.C > 30 || s.KH*s.KW > 20 {
				continue
			}
			ran++
			for _, s.Precision = range []Precision{BFloat16, BFloat16x3} {
				test(fmt.Sprintf("%s, %d parts, plain weights", c.name, s.Precision.parts()), s, plainWeights(s))
				test(fmt.Sprintf("%s, %d parts, turned weights", c.name, s.Precision.parts()), s, turnedWeights(s))
			}
		}
		if ran < 10 {
			t.Errorf("%d cases suit the matrix unit, want 10 or more", ran)
		}
	})
}

func runSquareConv(c *SquareConv, dst, src, weights []float32, at WeightStrides, ep *Epilogue) {
	images, packed, w := make([]float32, c.ImagesSize()), make([]float32, c.PackSize()), &Workspace{}
	for u := range c.ImageUnits() {
		c.PackImages(images, src, u, u+1, w)
	}
	for u := range c.PackUnits() {
		c.Pack(packed, weights, at, u, u+1, w)
	}
	for u := range c.Units() {
		c.Run(dst, images, packed, ep, u, u+1, w)
	}
}

// runSquareConvOnce packs the images one after another.
func runSquareConvOnce(c *SquareConv, dst, src, weights []float32, at WeightStrides) {
	packed, w := make([]float32, c.PackSize()), &Workspace{}
	c.Pack(packed, weights, at, 0, c.PackUnits(), w)
	for image := range c.N {
		c.RunOnce(dst, src, packed, nil, image, image+1, w)
	}
}

func TestSquareConvEqualsItsDefinition(t *testing.T) {
	squareVariants(t, func(name string, s ConvShape, at WeightStrides) {
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
		x, w := heldBy(s.Precision, src), heldBy(s.Precision, weights)
		want := make([]float64, s.N*s.pixels()*s.F)
		eachProduct(s, at, func(i, j, y int) { want[y] += x.product(i, w, j) })
		dst, intact := guarded(len(want))
		runSquareConv(NewSquareConv(s), dst, src, weights, at, nil)
		once := make([]float32, len(want))
		runSquareConvOnce(NewSquareConv(s), once, src, weights, at)
		if !slices.Equal(once, dst) {
			t.Fatalf("%s: packed image by image the feature maps are others", name)
		}
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

func TestSquareConvAppliesItsEpilogue(t *testing.T) {
	eachSquares(t, func(t *testing.T) {
		s := fitted(ConvShape{N: 2, H: 4, W: 5, C: 6, KH: 2, KW: 3, F: 44, PadL: 1, Precision: BFloat16})
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
		x, w := heldBy(BFloat16, src), heldBy(BFloat16, weights)
		sums := make([]float64, s.N*s.pixels()*s.F)
		eachProduct(s, plainWeights(s), func(i, j, y int) { sums[y] += x.product(i, w, j) })
		for _, e := range epilogues(s.N*s.pixels(), s.F)[150:] {
			before := randomFloats(6, len(sums))
			dst := append([]float32(nil), before...)
			runSquareConv(NewSquareConv(s), dst, src, weights, plainWeights(s), e)
			for i, got := range dst {
				if want := e.finish(sums[i], float64(before[i]), i, s.F); !near(got, want, 16*s.KH*s.KW*s.C) {
					t.Fatalf("y[%d] = %v, want %v with %+v", i, got, want, e)
				}
			}
		}
	})
}

func runSquareWeightGrad(g *SquareWeightGrad, dw, src, dy []float32, at WeightStrides) {
	images, packed, w := make([]float32, g.ImagesSize()), make([]float32, g.PackSize()), &Workspace{}
	for u := range g.ImageUnits() {
		g.PackImages(images, src, u, u+1, w)
	}
	for u := range g.PackUnits() {
		g.Pack(packed, dy, u, u+1, w)
	}
	sums := make([]float32, g.ScratchSize())
	for u := range g.Units() {
		g.Run(sums, images, packed, u, u+1, w)
	}
	for u := range g.ReduceUnits() {
		g.Reduce(dw, sums, at, u, u+1)
	}
}

func TestSquareWeightGradEqualsItsDefinition(t *testing.T) {
	squareVariants(t, func(name string, s ConvShape, at WeightStrides) {
		src, dy := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.N*s.pixels()*s.F)
		x, d := heldBy(s.Precision, src), heldBy(s.Precision, dy)
		want := make([]float64, s.KH*s.KW*s.C*s.F)
		eachProduct(s, at, func(i, j, y int) { want[j] += x.product(i, d, y) })
		got, intact := guarded(len(want))
		runSquareWeightGrad(NewSquareWeightGrad(s), got, src, dy, at)
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

func TestSquaresDoNotDependOnHowUnitsAreSplit(t *testing.T) {
	eachSquares(t, func(t *testing.T) {
		s := fitted(ConvShape{N: 5, H: 9, W: 9, C: 8, KH: 3, KW: 3, F: 70, PadT: 1, PadL: 1, Precision: BFloat16x3})
		src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.C*s.F)
		c, g, w := NewSquareConv(s), NewSquareWeightGrad(s), &Workspace{}
		one, all := make([]float32, s.N*s.pixels()*s.F), make([]float32, s.N*s.pixels()*s.F)
		runSquareConv(c, one, src, weights, plainWeights(s), nil)
		images, packed := make([]float32, c.ImagesSize()), make([]float32, c.PackSize())
		c.PackImages(images, src, 0, c.ImageUnits(), w)
		c.Pack(packed, weights, plainWeights(s), 0, c.PackUnits(), w)
		c.Run(all, images, packed, nil, 0, c.Units(), w)
		if at := firstDifference(one, all); at >= 0 {
			t.Errorf("in one run y[%d] = %v, unit by unit %v", at, all[at], one[at])
		}
		oneGrad, allGrad := make([]float32, len(weights)), make([]float32, len(weights))
		runSquareWeightGrad(g, oneGrad, src, one, plainWeights(s))
		images, packed = make([]float32, g.ImagesSize()), make([]float32, g.PackSize())
		g.PackImages(images, src, 0, g.ImageUnits(), w)
		g.Pack(packed, one, 0, g.PackUnits(), w)
		sums := make([]float32, g.ScratchSize())
		g.Run(sums, images, packed, 0, g.Units(), w)
		g.Reduce(allGrad, sums, plainWeights(s), 0, g.ReduceUnits())
		if at := firstDifference(oneGrad, allGrad); at >= 0 {
			t.Errorf("in one run dw[%d] = %v, unit by unit %v", at, allGrad[at], oneGrad[at])
		}
		p := NewSquareGemm(GemmShape{M: 300, N: 70, K: 40, TransA: true, TransB: true}, BFloat16x3)
		a, b := gemmOperands(p.GemmShape)
		oneProduct, allProduct := make([]float32, p.M*p.N), make([]float32, p.M*p.N)
		runSquareGemm(p, oneProduct, a, b, nil)
		left, right := make([]float32, p.LeftSize()), make([]float32, p.PackSize())
		p.PackLeft(left, a, 0, p.LeftUnits(), w)
		p.Pack(right, b, 0, p.PackUnits(), w)
		p.Run(allProduct, left, right, nil, 0, p.Units(), w)
		if at := firstDifference(oneProduct, allProduct); at >= 0 {
			t.Errorf("in one run c[%d] = %v, unit by unit %v", at, allProduct[at], oneProduct[at])
		}
	})
}

func TestSquareWorkIsLaidOutAsTheAssemblyReadsIt(t *testing.T) {
	var w squareWork
	for name, at := range map[string][2]uintptr{
		"a": {unsafe.Offsetof(w.a), 0}, "aRow": {unsafe.Offsetof(w.aRow), 8}, "aStep": {unsafe.Offsetof(w.aStep), 16},
		"aNext": {unsafe.Offsetof(w.aNext), 24}, "b": {unsafe.Offsetof(w.b), 32}, "segments": {unsafe.Offsetof(w.segments), 40},
		"count": {unsafe.Offsetof(w.count), 48}, "depth": {unsafe.Offsetof(w.depth), 56}, "c": {unsafe.Offsetof(w.c), 64},
		"squares": {unsafe.Offsetof(w.squares), 72}, "accumulate": {unsafe.Offsetof(w.accumulate), 80},
	} {
		if at[0] != at[1] {
			t.Errorf("%s is at byte %d, want %d", name, at[0], at[1])
		}
	}
}
