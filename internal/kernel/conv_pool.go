package kernel

import "fmt"

// PooledConv is the plan of a convolution that is max-pooled piece by piece while it is in the cache, so that the feature
// maps themselves are never written; see [NewPooledConv].
type PooledConv struct {
	*Conv
	pool Pool // of the pixels that windows cover
}

// leastPieces are few enough for pieces to stay large, and enough for two threads to share one image.
const leastPieces = 4

// NewPooledConv plans the max pooling p of the convolution s, which takes the same steps as [NewConv] does. It expects that
// packed weights serve often. Pixels that no window covers are not computed. It panics unless [Pool.Tiles] says that p can be cut.
func NewPooledConv(s ConvShape, p Pool) *PooledConv {
	if !p.Tiles() || p.N != s.N || p.H != s.OH || p.W != s.OW || p.C != s.F {
		panic(fmt.Sprintf("kernel: pooling %+v does not fit the convolution %+v", p, s))
	}
	s.OH, s.OW = (p.OH-1)*p.StrideH+p.KH, (p.OW-1)*p.StrideW+p.KW
	p.H, p.W = s.OH, s.OW
	c := &PooledConv{newConv(s), p}
	if t := c.fastestKeptPatches(&active.product); t != nil && p.halves() {
		c.filterMinimally(newPooledWinograd(c.ConvShape, &active.product, t))
		return c
	}
	pixels := min(c.wantedPixels(), s.N*c.pixels()/leastPieces)
	cut := newPieces(c.ConvShape, pixels, c.spread()).multiple(p.StrideH)
	c.cut(cut, cut.rows)
	c.sections = 1
	return c
}

// Tiles tells whether no two rows of windows share a row of pixels, and no window meets padding.
func (p *Pool) Tiles() bool {
	return p.KH <= p.StrideH && p.PadT == 0 && p.PadL == 0 && p.OH > 0 && p.OW > 0 &&
		(p.OH-1)*p.StrideH+p.KH <= p.H && (p.OW-1)*p.StrideW+p.KW <= p.W
}

// Run computes units lo to hi-1 of the pooled dst from src and packed weights. The epilogue, which may have no Residual
// and not accumulate, comes before the pooling. It panics if a slice is too short.
func (c *PooledConv) Run(dst, src, packed []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	checkMatrix("images", src, 1, c.N*c.H*c.W*c.C, 0)
	checkMatrix("pooled feature maps", dst, 1, c.N*c.pool.OH*c.pool.OW*c.F, 0)
	checkMatrix("packed weights", packed, 1, c.PackSize(), 0)
	ep.check(0, c.F)
	if c.winograd != nil {
		for u := lo; u < hi; u++ {
			c.winograd.runPooled(dst, src, packed, ep, &c.pool, u, w)
		}
		return
	}
	maps := floats(&w.pooled, c.pieces.images*c.pieces.rows*c.OW*c.F)
	for piece := lo; piece < hi; piece++ {
		source := c.source(src, piece, w)
		for p := range c.PackUnits() {
			c.panel(maps, 0, source, packed[p*c.panelSize():], ep, piece, p, w)
		}
		c.poolPiece(dst, maps, piece, w)
	}
}

// poolPiece pools the images of a piece.
func (c *PooledConv) poolPiece(dst, maps []float32, piece int, w *Workspace) {
	image0, image1, row0, row1 := c.pieces.span(piece)
	p := c.pool
	p.N, p.H, p.OH = 1, row1-row0, divideUp(row1-row0, p.StrideH)
	in, out := p.W*p.C, p.OW*p.C
	for image := image0; image < image1; image++ {
		start := (image*c.pool.OH + row0/p.StrideH) * out
		p.MaxByRows(dst[start:][:p.OH*out], maps[(image-image0)*c.pieces.rows*in:][:p.H*in], 0, p.OH, w)
	}
}
