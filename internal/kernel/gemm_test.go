package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// guard is what lies around the memory a kernel may write.
const guard = float32(-12345.5)

// guarded returns n numbers with guard words on both sides, and a function that reports whether they still stand.
func guarded(n int) (inner []float32, intact func() bool) {
	const margin = 64
	all := make([]float32, n+2*margin)
	for i := range all {
		all[i] = guard
	}
	inner = all[margin : margin+n : margin+n]
	return inner, func() bool {
		for i := range margin {
			if all[i] != guard || all[margin+n+i] != guard {
				return false
			}
		}
		return true
	}
}

func randomFloats(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// near tells whether a float32 sum of terms random products of about 1 may come out as got when the exact sum is want:
// partial sums grow as the root of their length, and so do their rounding errors, which add up to one more root.
func near(got float32, want float64, terms int) bool {
	return math.Abs(float64(got)-want) <= 1e-6*(5+float64(terms)/3)*max(1, math.Abs(want))
}

// naiveGemm is the definition of a matrix product, in float64.
func naiveGemm(s GemmShape, a, b []float32) []float64 {
	c := make([]float64, s.M*s.N)
	for i := range s.M {
		for j := range s.N {
			for k := range s.K {
				ai, bi := i*s.LDA+k, k*s.LDB+j
				if s.TransA {
					ai = k*s.LDA + i
				}
				if s.TransB {
					bi = j*s.LDB + k
				}
				c[i*s.N+j] += float64(a[ai]) * float64(b[bi])
			}
		}
	}
	return c
}

// gemmOperands makes random operands of a shape whose distances are all given.
func gemmOperands(s GemmShape) (a, b []float32) {
	rowsA, rowsB := s.M, s.K
	if s.TransA {
		rowsA = s.K
	}
	if s.TransB {
		rowsB = s.N
	}
	return randomFloats(1, rowsA*s.LDA), randomFloats(2, rowsB*s.LDB)
}

// runGemm packs and runs all units, one by one.
func runGemm(g *Gemm, c, a, b []float32, ep *Epilogue) {
	packed, w := make([]float32, g.PackSize()), &Workspace{}
	for u := range g.PackUnits() {
		g.Pack(packed, b, u, u+1)
	}
	for u := range g.Units() {
		g.Run(c, a, packed, ep, u, u+1, w)
	}
}

func testGemm(t *testing.T, s GemmShape) {
	t.Helper()
	s = s.withDefaults()
	a, b := gemmOperands(s)
	c, intact := guarded(max(0, (s.M-1)*s.LDC+s.N))
	want := naiveGemm(s, a, b)
	runGemm(NewGemm(s), c, a, b, nil)
	checkGemm(t, s, c, want)
	g, w := NewGemm(s), &Workspace{}
	for u := range g.UnpackedUnits() {
		g.RunUnpacked(c, a, b, nil, u, u+1, w)
	}
	checkGemm(t, s, c, want)
	if !intact() {
		t.Fatalf("Gemm(%+v) wrote outside of c", s)
	}
}

// checkGemm compares c with the right product, and looks for guard words between its rows.
func checkGemm(t *testing.T, s GemmShape, c []float32, want []float64) {
	t.Helper()
	for i := range s.M {
		for j := range s.LDC {
			at := i*s.LDC + j
			if at >= len(c) {
				break
			}
			if j >= s.N {
				if c[at] != guard {
					t.Fatalf("Gemm(%+v) wrote behind row %d", s, i)
				}
			} else if !near(c[at], want[i*s.N+j], s.K) {
				t.Fatalf("Gemm(%+v)[%d, %d] = %v, want %v", s, i, j, c[at], want[i*s.N+j])
			}
		}
	}
}

func TestGemmEqualsTheSumOfProductsAtEveryTailSize(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for m := 1; m <= 26; m++ {
			for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 70} {
				testGemm(t, GemmShape{M: m, N: n, K: 1 + m*n%11})
			}
		}
		for k := range 20 {
			testGemm(t, GemmShape{M: 5, N: 33, K: k})
		}
	})
}

func TestGemmReadsTransposedAndGappedOperands(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for i := range 8 {
			s := GemmShape{M: 45, N: 37, K: 29, TransA: i&1 != 0, TransB: i&2 != 0}
			if i&4 != 0 {
				s.LDA, s.LDB, s.LDC = 51, 47, 40
			}
			testGemm(t, s)
		}
		testGemm(t, GemmShape{M: 3, N: 3, K: 1300})
		testGemm(t, GemmShape{M: 400, N: 40, K: 3})
		testGemm(t, GemmShape{M: 0, N: 4, K: 3})
		testGemm(t, GemmShape{M: 14, N: 45, K: 1030, TransB: true, LDA: 1536, LDB: 2048})
		testGemm(t, GemmShape{M: 40, N: 45, K: 530, TransA: true, TransB: true})
		testGemm(t, GemmShape{M: 200, N: 33, K: 600, TransA: true})
	})
}

func TestGemmPanicsOnShortSlices(t *testing.T) {
	defer func() {
		if got, want := fmt.Sprint(recover()), "kernel: b has 5 numbers, want 6 for 2×3"; got != want {
			t.Errorf("panic = %q, want %q", got, want)
		}
	}()
	g := NewGemm(GemmShape{M: 4, N: 3, K: 2})
	g.Pack(make([]float32, g.PackSize()), make([]float32, 5), 0, 1)
}

// epilogues are all combinations of what can be done to the outputs.
func epilogues(m, n int) []*Epilogue {
	var list []*Epilogue
	for i := range 32 {
		for _, e := range []Epilogue{
			{}, {Act: ReLU}, {Act: LeakyReLU, Slope: 0.1}, {Act: LeakyReLU, Slopes: randomFloats(7, n)}, {Act: Clip, Low: -0.5, High: 2},
		} {
			e.Accumulate, e.ResidualLast = i&1 != 0, i&16 != 0
			if i&2 != 0 {
				e.Scale = randomFloats(3, n)
			}
			if i&4 != 0 {
				e.Shift = randomFloats(4, n)
			}
			if i&8 != 0 {
				e.Residual = randomFloats(5, m*n)
			}
			list = append(list, &e)
		}
	}
	return list
}

// finish is the definition of an epilogue for output i of n columns.
func (e *Epilogue) finish(sum, before float64, i, n int) float64 {
	if e.Accumulate {
		sum += before
	}
	if e.Scale != nil {
		sum *= float64(e.Scale[i%n])
	}
	if e.Shift != nil {
		sum += float64(e.Shift[i%n])
	}
	if e.Residual != nil && !e.ResidualLast {
		sum += float64(e.Residual[i])
	}
	sum = e.act(sum, i%n)
	if e.Residual != nil && e.ResidualLast {
		sum += float64(e.Residual[i])
	}
	return sum
}

// act is the definition of the activations.
func (e *Epilogue) act(x float64, column int) float64 {
	switch {
	case e.Act == Clip:
		return min(max(x, float64(e.Low)), float64(e.High))
	case x >= 0 || e.Act == NoActivation:
		return x
	case e.Act == ReLU:
		return 0
	case e.Slopes != nil:
		return x * float64(e.Slopes[column])
	}
	return x * float64(e.Slope)
}

func TestEpilogueIsAppliedOnceToEveryOutput(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, s := range []GemmShape{{M: 13, N: 64, K: 5}, {M: 7, N: 45, K: 3}, {M: 3, N: 33, K: 1100, TransB: true}} {
			s = s.withDefaults()
			a, b := gemmOperands(s)
			sums := naiveGemm(s, a, b)
			for _, e := range epilogues(s.M, s.N) {
				before := randomFloats(6, s.M*s.N)
				c := append([]float32(nil), before...)
				runGemm(NewGemm(s), c, a, b, e)
				unpacked := append([]float32(nil), before...)
				NewGemm(s).RunUnpacked(unpacked, a, b, e, 0, NewGemm(s).UnpackedUnits(), &Workspace{})
				for i, got := range c {
					want := e.finish(sums[i], float64(before[i]), i, s.N)
					if !near(got, want, 4*s.K) || !near(unpacked[i], want, 4*s.K) {
						t.Fatalf("Gemm(%+v, %+v)[%d] = %v, unpacked %v, want %v", s, e, i, got, unpacked[i], want)
					}
				}
			}
		}
	})
}

func TestActivationsKeepNaNAndInfinity(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachImplementation(t, func(t *testing.T) {
		for _, act := range []Activation{ReLU, LeakyReLU, Clip} {
			a := []float32{nan, inf, -inf, 2}
			c := make([]float32, 4*32)
			b := make([]float32, 32)
			for i := range b {
				b[i] = 1
			}
			runGemm(NewGemm(GemmShape{M: 4, N: 32, K: 1}), c, a, b, &Epilogue{Act: act, Slope: 0.5, High: inf})
			below := float32(0)
			if act == LeakyReLU {
				below = -inf
			}
			if c[0] == c[0] || c[32] != inf || c[64] != below || c[96] != 2 {
				t.Errorf("activation %d of NaN, +Inf, -Inf, 2 = %v, %v, %v, %v", act, c[0], c[32], c[64], c[96])
			}
		}
	})
}

func TestGemmResultDoesNotDependOnHowUnitsAreSplit(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		s := GemmShape{M: 500, N: 70, K: 30}.withDefaults()
		a, b := gemmOperands(s)
		g := NewGemm(s)
		one, all := make([]float32, s.M*s.N), make([]float32, s.M*s.N)
		runGemm(g, one, a, b, nil)
		packed := make([]float32, g.PackSize())
		g.Pack(packed, b, 0, g.PackUnits())
		g.Run(all, a, packed, nil, 0, g.Units(), &Workspace{})
		for i := range one {
			if one[i] != all[i] {
				t.Fatalf("in one run [%d] = %v, unit by unit %v", i, all[i], one[i])
			}
		}
	})
}

// aligned returns n numbers that begin at a cache line.
func aligned(n int) []float32 {
	x := make([]float32, n+16)
	for uintptr(unsafe.Pointer(&x[0]))%64 != 0 {
		x = x[1:]
	}
	return x[:n]
}

func TestStreamedOutputsAreTheSame(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		s := GemmShape{M: 30, N: 48, K: 7}.withDefaults()
		a, b := gemmOperands(s)
		plain, streamed := make([]float32, s.M*s.N), aligned(s.M*s.N+1)
		runGemm(NewGemm(s), plain, a, b, nil)
		for shift := range 2 {
			runGemm(NewGemm(s), streamed[shift:], a, b, &Epilogue{Stream: true})
			for i := range plain {
				if streamed[shift:][i] != plain[i] {
					t.Fatalf("shifted by %d: streamed c[%d] = %v, want %v", shift, i, streamed[shift:][i], plain[i])
				}
			}
		}
	})
}
