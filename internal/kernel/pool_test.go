package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// poolCases covers the 2×2 loops, odd borders, overlap, gaps, padding and windows with nothing but padding.
func poolCases() []Pool {
	list := []Pool{
		{N: 2, H: 7, W: 9, C: 3, KH: 3, KW: 3, OH: 4, OW: 5, StrideH: 2, StrideW: 2, PadT: 1, PadL: 1},
		{N: 2, H: 5, W: 5, C: 20, KH: 3, KW: 2, OH: 3, OW: 4, StrideH: 1, StrideW: 1},
		{N: 2, H: 6, W: 5, C: 7, KH: 5, KW: 3, OH: 6, OW: 5, StrideH: 1, StrideW: 1, PadT: 2, PadL: 1},
		{N: 1, H: 2, W: 2, C: 3, KH: 2, KW: 2, OH: 5, OW: 6, StrideH: 1, StrideW: 1, PadT: 3, PadL: 3},
		{N: 1, H: 6, W: 7, C: 9, KH: 1, KW: 2, OH: 2, OW: 2, StrideH: 3, StrideW: 3},
		{N: 2, H: 3, W: 3, C: 5, KH: 2, KW: 2, OH: 3, OW: 3, StrideH: 2, StrideW: 2, PadT: 2, PadL: 2},
		{N: 2, H: 4, W: 4, C: 5, KH: 2, KW: 2, OH: 3, OW: 3, StrideH: 2, StrideW: 2, PadT: 1, PadL: 1},
		{N: 1, H: 2, W: 2, C: 4, KH: 2, KW: 2, OH: 1, OW: 4, StrideH: 2, StrideW: 2, PadL: 6},
		{N: 3, H: 4, W: 4, C: 17, KH: 4, KW: 4, OH: 1, OW: 1, StrideH: 4, StrideW: 4},
	}
	for c := 1; c < 71; c++ {
		list = append(list, Pool{N: 2, H: 5, W: 7, C: c, KH: 2, KW: 2, OH: 2, OW: 3, StrideH: 2, StrideW: 2})
	}
	return list
}

func (p *Pool) sizes() (pixels, pooled int) { return p.N * p.H * p.W * p.C, p.N * p.OH * p.OW * p.C }

// eachPooled visits every pooled number and the offset in x of each pixel of its window, -1 for padding, in window order.
func (p *Pool) eachPooled(visit func(pooled int, window []int)) {
	for i := range p.N * p.OH * p.OW * p.C {
		ch, ox, oy, n := i%p.C, i/p.C%p.OW, i/p.C/p.OW%p.OH, i/p.C/p.OW/p.OH
		var window []int
		for a := range p.KH {
			for b := range p.KW {
				y, x := oy*p.StrideH-p.PadT+a, ox*p.StrideW-p.PadL+b
				if y < 0 || y >= p.H || x < 0 || x >= p.W {
					window = append(window, -1)
				} else {
					window = append(window, ((n*p.H+y)*p.W+x)*p.C+ch)
				}
			}
		}
		visit(i, window)
	}
}

// inParts runs f on each unit alone.
func inParts(units int, f func(lo, hi int)) {
	for u := range units {
		f(u, u+1)
	}
}

// levels gives numbers with many ties, and NaN now and then.
func levels(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.IntN(4))
		if rng.IntN(50) == 0 {
			x[i] = float32(math.NaN())
		}
	}
	return x
}

func TestMaxPoolAndItsGradientEqualTheirDefinition(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 5))
		for _, p := range poolCases() {
			for e, sign := range map[Extreme]float32{Largest: 1, Smallest: -1} {
				t.Run(fmt.Sprintf("%+v %v", p, e), func(t *testing.T) { testMaxPool(t, p, e, sign, rng) })
			}
		}
	})
}

func testMaxPool(t *testing.T, p Pool, e Extreme, sign float32, rng *rand.Rand) {
	pixels, pooled := p.sizes()
	x, dy := levels(rng, pixels), normals(rng, pooled, 0)
	got, check := fenced(t, make([]float32, pooled), 12345)
	arg, checkArg := fenced(t, make([]uint8, pooled), 77)
	plain := make([]float32, pooled)
	inParts(p.Units(), func(lo, hi int) { p.Max(e, got, arg, x, lo, hi) })
	p.Max(e, plain, nil, x, 0, p.Units())
	byRows := slices.Clone(plain)
	if e == Largest {
		var checkRows func(string)
		byRows, checkRows = fenced(t, make([]float32, pooled), 12345)
		inParts(p.Units(), func(lo, hi int) { p.MaxByRows(byRows, x, lo, hi, &Workspace{}) })
		checkRows("MaxByRows")
	}
	check("Max")
	checkArg("Max")
	dx, checkDx := fenced(t, normals(rng, pixels, 0), 12345)
	inParts(p.GradUnits(), func(lo, hi int) { p.MaxGrad(dx, dy, arg, lo, hi) })
	checkDx("MaxGrad")

	wantDx := make([]float32, pixels)
	p.eachPooled(func(i int, window []int) {
		best, at := -sign*float32(math.Inf(1)), -1
		for k, pixel := range window {
			if pixel >= 0 && (at < 0 || x[pixel]*sign > best*sign || x[pixel] != x[pixel]) {
				best, at = x[pixel], k
			}
		}
		if !sameBits(byRows[i], best) {
			t.Fatalf("MaxByRows[%d] = %v, want %v", i, byRows[i], best)
		}
		if !sameBits(got[i], best) || !sameBits(plain[i], best) || at >= 0 && int(arg[i]) != at {
			t.Fatalf("Max[%d] = %v at %d (%v without positions), want %v at %d", i, got[i], arg[i], plain[i], best, at)
		}
		if at >= 0 {
			wantDx[window[at]] += dy[i]
		}
	})
	for i, want := range wantDx {
		if dx[i] != want {
			t.Fatalf("MaxGrad[%d] = %v, want %v", i, dx[i], want)
		}
	}
}

func TestReluAfterMaxPoolEqualsReluBeforeIt(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 5))
		for _, p := range poolCases()[:6] {
			testReluPooled(t, p, rng)
		}
		for c := 1; c < 71; c += 3 {
			testReluPooled(t, Pool{N: 2, H: 5, W: 7, C: c, KH: 2, KW: 2, OH: 2, OW: 3, StrideH: 2, StrideW: 2}, rng)
		}
	})
}

func testReluPooled(t *testing.T, p Pool, rng *rand.Rand) {
	pixels, pooled := p.sizes()
	x, dy := levels(rng, pixels), normals(rng, pooled, 0)
	for i := range x {
		x[i] = (x[i] - 2) / 1e30 / 1e15 // denormal steps around 0
	}
	r, want, arg, d, wantDx := make([]float32, pixels), make([]float32, pooled), make([]uint8, pooled), make([]float32, pixels), make([]float32, pixels)
	Unary(OpRelu, r, x)
	p.Max(Largest, want, arg, r, 0, p.Units())
	p.MaxGrad(d, dy, arg, 0, p.GradUnits())
	ReluGrad(wantDx, d, x)

	got, check := fenced(t, make([]float32, pooled), 12345)
	dead, checkArg := fenced(t, arg, 77)
	p.Max(Largest, got, dead, x, 0, p.Units())
	inParts(p.Units(), func(lo, hi int) { p.Relu(got, dead, lo, hi) })
	check("Pool.Relu")
	checkArg("Pool.Relu")
	dx := make([]float32, pixels)
	p.MaxGrad(dx, dy, dead, 0, p.GradUnits())
	for i, v := range want {
		if got[i] != v && v == v && !math.IsInf(float64(v), -1) {
			t.Fatalf("pooled %+v [%d] = %v, want %v", p, i, got[i], v)
		}
	}
	for i, v := range wantDx {
		if dx[i] != v && x[i] == x[i] {
			t.Fatalf("gradient of %+v [%d] = %v, want %v (x = %v)", p, i, dx[i], v, x[i])
		}
	}
}

func TestSumPoolAndItsGradientEqualTheirDefinition(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 5))
		for _, p := range poolCases() {
			pixels, pooled := p.sizes()
			x, dy := normals(rng, pixels, 0), normals(rng, pooled, 0)
			got, dx := make([]float32, pooled), normals(rng, pixels, 0)
			inParts(p.Units(), func(lo, hi int) { p.Sum(got, x, 0.25, lo, hi) })
			inParts(p.GradUnits(), func(lo, hi int) { p.SumGrad(dx, dy, 0.25, lo, hi) })
			wantDx := make([]float64, pixels)
			p.eachPooled(func(i int, window []int) {
				var want float64
				for _, pixel := range window {
					if pixel >= 0 {
						want += 0.25 * float64(x[pixel])
						wantDx[pixel] += 0.25 * float64(dy[i])
					}
				}
				if !near32(got[i], want, 1e-6) {
					t.Fatalf("Sum[%d] of %+v = %v, want %v", i, p, got[i], want)
				}
			})
			for i, want := range wantDx {
				if !near32(dx[i], want, 1e-6) {
					t.Fatalf("SumGrad[%d] of %+v = %v, want %v", i, p, dx[i], want)
				}
			}
		}
	})
}

func TestPoolingAllocatesNothing(t *testing.T) {
	p := poolCases()[0]
	pixels, pooled := p.sizes()
	x, y, arg := make([]float32, pixels), make([]float32, pooled), make([]uint8, pooled)
	if n := testing.AllocsPerRun(10, func() {
		p.Max(Largest, y, arg, x, 0, p.Units())
		p.MaxGrad(x, y, arg, 0, p.GradUnits())
		p.Sum(y, x, 1, 0, p.Units())
		p.SumGrad(x, y, 1, 0, p.GradUnits())
	}); n != 0 {
		t.Errorf("pooling makes %v allocations, want 0", n)
	}
}
