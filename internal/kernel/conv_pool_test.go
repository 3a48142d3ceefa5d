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
			checkPooledConv(t, fmt.Sprintf("%s, window %d×%d", name, p.KH, p.KW), s, p, at)
		}
	})
}

// checkPooledConv compares with the two steps apart. Pieces differ, but not the order of any sum.
func checkPooledConv(t *testing.T, name string, s ConvShape, p Pool, at WeightStrides) {
	t.Helper()
	src, weights := randomHalves(1, s.N*s.H*s.W*s.C), randomHalves(2, s.F*s.KH*s.KW*s.groupC())
	ep := &Epilogue{Shift: randomFloats(3, s.F), Act: ReLU}
	maps, want := make([]float32, s.N*s.OH*s.OW*s.F), make([]float32, s.N*p.OH*p.OW*s.F)
	runConv(NewConv(s), maps, src, weights, at, ep)
	p.Max(Largest, want, nil, maps, 0, p.Units())
	c := NewPooledConv(s, p)
	packed, got, w := make([]float32, c.PackSize()), make([]float32, len(want)), &Workspace{}
	c.Pack(packed, weights, at, 0, c.PackUnits())
	for u := c.Units() - 1; u >= 0; u-- {
		c.Run(got, src, packed, ep, u, u+1, w)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: y[%d] = %v, want %v", name, i, got[i], want[i])
		}
	}
}
