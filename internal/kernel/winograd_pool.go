package kernel

import "unsafe"

// runPooled computes unit u and pools it by windows of 2×2, of which a patch holds four.
func (g *winograd) runPooled(dst, src, packed []float32, ep *Epilogue, pool *Pool, u int, w *Workspace) {
	first, last, p0, p1 := g.unit(u)
	g.load(src, first, last, w)
	for p := p0; p < p1; p++ {
		g.multiply(packed[p*g.panelSize():], last-first, nil, w)
		maps := g.patchMaps(ep, p, last-first, w)
		for patch := first; patch < last; patch++ {
			g.poolPatch(dst, maps[(patch-first)*patchStep*patchStep*g.kernels.cols:], pool, patch, p, w)
		}
	}
}

// patchMaps transforms the products of panel p back to one map [4, 4, columns of a panel] per patch, and finishes them.
func (g *winograd) patchMaps(ep *Epilogue, p, patches int, w *Workspace) []float32 {
	x, width := &w.winograd, g.kernels.cols
	cols := min(width, g.F-p*width)
	maps := floats(&w.pooled, g.patches*patchStep*patchStep*width)
	x.pixels = x.pixels[:0]
	for patch := range patches {
		for i := range patchStep * patchStep {
			at := (patch*patchStep*patchStep + i) * width
			x.to[i] = unsafe.Pointer(&maps[at])
			x.pixels = append(x.pixels, 4*at)
		}
		g.transforms.output(&x.to[0], &x.product[0], 0, g.out[patch], cols)
	}
	g.finish(maps, 0, ep, p*width, cols, w)
	return maps
}

// poolPatch pools the map of one patch and writes the windows that lie inside the image.
func (g *winograd) poolPatch(dst, patchMap []float32, pool *Pool, patch, p int, w *Workspace) {
	const windows = patchStep / 2
	width := g.kernels.cols
	f := p * width
	cols := min(width, g.F-f)
	image, row, col := g.place(patch)
	line := floats(&w.row, windows*width)
	for i := range min(windows, pool.OH-row/2) {
		active.vector.maxPool2(line, patchMap[2*i*patchStep*width:][:2*patchStep*width], patchStep*width, width)
		for j := range min(windows, pool.OW-col/2) {
			at := ((image*pool.OH+row/2+i)*pool.OW + col/2 + j) * g.F
			copy(dst[at+f:][:cols], line[j*width:])
		}
	}
}
