package kernel

import "unsafe"

// newPooledWinograd plans a convolution that is pooled by windows of 2×2, of which every group holds whole ones.
func newPooledWinograd(s ConvShape, k *productKernels, t *patchTransforms) *winograd {
	g := cutWinograd(s, k, t)
	if t.step%2 == 1 {
		g.groupH, g.groupW = 2, 2
	}
	g.divide(max(k.rows/2, min(k.rows, divideUp(g.count()*g.patches(), wantedUnits))))
	return g
}

// runPooled computes unit u and pools it by windows of 2×2.
func (g *winograd) runPooled(dst, src, packed []float32, ep *Epilogue, pool *Pool, u int, w *Workspace) {
	p0, p1 := g.begin(src, u, w)
	for p := p0; p < p1; p++ {
		g.multiply(packed[p*g.panelSize():], nil, w)
		maps := g.groupMaps(ep, p, w)
		first := u / g.sections * g.groups
		for i := range min(g.groups, g.count()-first) {
			g.poolGroup(dst, maps[i*g.mapSize():], pool, first+i, p, w)
		}
	}
}

// side is that of a group in pixels, and mapSize the length of its map [side, side, columns of a panel].
func (g *winograd) side() int    { return g.groupH * g.step }
func (g *winograd) mapSize() int { return g.side() * g.side() * g.kernels.cols }

// groupMaps transforms the products of panel p back to one map per group, and finishes them.
func (g *winograd) groupMaps(ep *Epilogue, p int, w *Workspace) []float32 {
	x, width, side := &w.winograd, g.kernels.cols, g.side()
	cols := min(width, g.F-p*width)
	maps := floats(&w.pooled, g.groups*g.mapSize())
	x.pixels = x.pixels[:0]
	for k, place := range x.places {
		start := place.input/g.inputs()*g.mapSize() + (place.row%side*side+place.col%side)*width
		for i := range g.step * g.step {
			at := start + (i/g.step*side+i%g.step)*width
			x.to[i] = unsafe.Pointer(&maps[at])
			x.pixels = append(x.pixels, 4*at)
		}
		g.transforms.output(&x.to[0], &x.product[0], 0, g.out[k], cols)
	}
	g.finish(maps, 0, ep, p*width, cols, w)
	return maps
}

// poolGroup pools the map of one group and writes the windows that lie inside the image.
func (g *winograd) poolGroup(dst, groupMap []float32, pool *Pool, group, p int, w *Workspace) {
	windows, width := g.side()/2, g.kernels.cols
	f := p * width
	cols := min(width, g.F-f)
	image, row, col := g.corner(group)
	row, col = row*g.step/2, col*g.step/2
	line := floats(&w.row, windows*width)
	for i := range min(windows, pool.OH-row) {
		active.vector.maxPool2(line, groupMap[4*i*windows*width:][:4*windows*width], 2*windows*width, width)
		for j := range min(windows, pool.OW-col) {
			at := ((image*pool.OH+row+i)*pool.OW + col + j) * g.F
			copy(dst[at+f:][:cols], line[j*width:])
		}
	}
}
