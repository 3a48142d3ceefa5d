package kernel

import (
	"fmt"
	"testing"
)

func TestPooledConvEqualsConvolutionThenPooling(t *testing.T) {
	pools := []Pool{
		{KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{KH: 3, KW: 3, StrideH: 3, StrideW: 2},
		{KH: 1, KW: 2, StrideH: 2, StrideW: 1},
	}
	convVariants(t, func(name string, s ConvShape, at WeightStrides) {
		for _, p := range pools {
			if p.N, p.H, p.W, p.C = s.N, s.OH, s.OW, s.F; s.N == 0 || s.OH < p.KH || s.OW < p.KW {
				continue
			}
			p.OH, p.OW = (p.H-p.KH)/p.StrideH+1, (p.W-p.KW)/p.StrideW+1
			checkPooledConv(t, fmt.Sprintf("%s, window %d×%d", name, p.KH, p.KW), NewPooledConv(s, p), NewConv(s), at)
		}
	})
}

func TestPooledConvByMinimalFilteringEqualsConvolutionThenPooling(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, s := range []ConvShape{
			fitted(ConvShape{N: 3, H: 13, W: 15, C: 24, KH: 3, KW: 3, F: 40, PadT: 1, PadL: 1}),
			fitted(ConvShape{N: 2, H: 8, W: 18, C: 40, KH: 3, KW: 3, F: 9, PadT: 1, PadL: 1}),
			fitted(ConvShape{N: 1, H: 12, W: 11, C: 3, KH: 3, KW: 3, F: 32}),
			fitted(ConvShape{N: 3, H: 14, W: 23, C: 8, KH: 4, KW: 4, F: 40}),
			fitted(ConvShape{N: 2, H: 20, W: 17, C: 12, KH: 7, KW: 6, F: 33, PadT: 1, PadL: 3}),
		} {
			p := Pool{N: s.N, H: s.OH, W: s.OW, C: s.F, KH: 2, KW: 2, OH: s.OH / 2, OW: s.OW / 2, StrideH: 2, StrideW: 2}
			eachPatches(s, func(patches *patchTransforms) {
				c := NewPooledConv(s, p)
				c.filterMinimally(newPooledWinograd(c.ConvShape, &active.product, patches))
				checkPooledConv(t, fmt.Sprintf("%+v", s), c, NewConv(s), plainWeights(s))
			})
		}
	})
}

// checkPooledConv compares with the two steps apart. Pieces differ, but not the order of any sum, unless one of the two
// goes by minimal filtering.
func checkPooledConv(t *testing.T, name string, c *PooledConv, plain *Conv, at WeightStrides) {
	t.Helper()
	s, p := plain.ConvShape, c.pool
	p.H, p.W = s.OH, s.OW
	src, weights := randomHalves(1, s.N*s.H*s.W*s.C), randomHalves(2, s.F*s.KH*s.KW*s.groupC())
	ep := &Epilogue{Shift: randomFloats(3, s.F), Act: ReLU}
	maps, want := make([]float32, s.N*s.OH*s.OW*s.F), make([]float32, s.N*p.OH*p.OW*s.F)
	runConv(plain, maps, src, weights, at, ep)
	p.Max(Largest, want, nil, maps, 0, p.Units())
	packed, got, w := make([]float32, c.PackSize()), make([]float32, len(want)), &Workspace{}
	c.Pack(packed, weights, at, 0, c.PackUnits())
	for u := c.Units() - 1; u >= 0; u-- {
		c.Run(got, src, packed, ep, u, u+1, w)
	}
	for i := range want {
		if c.winograd == nil && got[i] != want[i] || !near(got[i], float64(want[i]), s.KH*s.KW*s.C) {
			t.Fatalf("%s: y[%d] = %v, want %v", name, i, got[i], want[i])
		}
	}
}
