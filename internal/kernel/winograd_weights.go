package kernel

import (
	"slices"
	"unsafe"
)

// winogradGrad is the plan of the gradient of a [winograd] convolution to its weights. It is that of
// y = Aᵀ[(G·w·Gᵀ) ⊙ (Bᵀ·x·B)]A: dw = Gᵀ[Σ (Bᵀ·x·B) ⊙ (A·dy·Aᵀ)]G, summed over all patches before it is transformed back.
//
// Groups are divided among slices, each with sums of its own: for every panel one matrix [parts·C, columns] per point.
type winogradGrad struct {
	*winograd
	slices   int
	channels []int // byte offsets of the channels, part by part, in the inputs of a patch
	sums     []int // and in a matrix of sums
}

const (
	winogradDepth  = 50 // patches that are transformed before their products are added up
	reduceChannels = 16 // of a unit of reduce

	winogradPartial = 5 << 20 // numbers of all sums together, unless one copy alone needs more
	winogradUnits   = 8       // wanted at least, although every section of the panels transforms the inputs again
)

// newWinogradGrad plans the gradient of a convolution that has suitsWinograd.
func newWinogradGrad(s ConvShape, k *productKernels, t *patchTransforms) *winogradGrad {
	g := &winogradGrad{winograd: cutWinograd(s, k, t)}
	if g.parts() > 1 {
		g.join(winogradDepth)
	}
	down, right := g.inImage() // all inputs of a group are multiplied, even those that meet no image
	g.meetH, g.meetW = slices.Repeat([]bool{true}, down*g.groupH+g.partsH), slices.Repeat([]bool{true}, right*g.groupW+g.partsW)
	g.divide(winogradDepth)
	g.sums = offsets(g.parts()*s.C, k.cols)
	for _, part := range g.segments {
		for c := range s.C {
			g.channels = append(g.channels, part.a+4*c)
		}
	}
	panels := divideUp(s.F, k.cols)
	g.slices = max(1, min(g.count()/g.groups, wantedUnits/2, winogradPartial/(panels*g.panelSize())))
	g.sections = max(1, min(panels, winogradUnits/g.slices))
	return g
}

func (g *winogradGrad) units() int { return g.slices * g.sections }

// run computes the sums of unit u.
func (g *winogradGrad) run(scratch, src, dy []float32, u int, w *Workspace) {
	slice, panels := u/g.sections, divideUp(g.F, g.kernels.cols)
	p0, p1 := share(panels, g.sections, u%g.sections)
	sums := scratch[(slice*panels+p0)*g.panelSize():][:(p1-p0)*g.panelSize()]
	first, last := share(g.count(), g.slices, slice)
	if first == last {
		clear(sums)
	}
	w.tile.flags = 0
	for at := first; at < last; at += g.groups {
		end := min(at+g.groups, last)
		g.load(src, at, end, w)
		g.loadGrad(dy, at, end, p0*g.kernels.cols, p1*g.kernels.cols, w)
		g.add(sums, end-at, p1-p0, w)
		w.tile.flags = flagAccumulate
	}
}

// loadGrad transforms the output channels f0 to f1-1 of the patches of some groups of dy.
func (g *winogradGrad) loadGrad(dy []float32, first, last, f0, f1 int, w *Workspace) {
	x := &w.winograd
	width := f1 - f0
	step := apart(g.groups * g.patches() * width)
	grads := floats(&x.products, patchPoints*step)
	for i := range x.product {
		x.product[i] = unsafe.Pointer(&grads[i*step])
	}
	zeros := w.zerosOf(g.F)
	for i := range (last - first) * g.patches() {
		image, row, col := g.corner(first + i/g.patches())
		row, col = (row+i%g.patches()/g.groupW)*g.step, (col+i%g.groupW)*g.step
		for i := range g.step {
			for j := range g.step {
				x.from[i*g.step+j] = zeros
				if row+i < g.OH && col+j < g.OW {
					x.from[i*g.step+j] = unsafe.Pointer(&dy[((image*g.OH+row+i)*g.OW+col+j)*g.F+f0])
				}
			}
		}
		g.transforms.outputGrad(&x.product[0], &x.from[0], 4*i*width, 0, min(f1, g.F)-f0)
	}
}

// add adds the products of the transformed patches of some groups to the sums of some panels. The sums of one tile are
// fetched while those of the tile before are computed.
func (g *winogradGrad) add(sums []float32, groups, panels int, w *Workspace) {
	x, t, width := &w.winograd, &w.tile, g.kernels.cols
	t.aStep, t.bStep = 4*g.C, 4*panels*width
	x.lines = g.lines(x.lines[:0], groups, t.bStep)
	t.segments, t.count, t.depth = &x.lines[0], len(x.lines), groups*g.patches()/len(x.lines)
	tile := 4 * g.kernels.rows * width
	t.aheadStep, t.aheadTile = divideUp(tile, groups*g.patches()), uintptr(tile)
	for p := range panels {
		for i := range patchPoints {
			t.a, t.b = x.input[i], unsafe.Add(x.product[i], 4*p*width)
			t.c = unsafe.Pointer(&sums[p*g.panelSize()+i*len(g.sums)*width])
			t.ahead = uintptr(t.c) + uintptr(tile)
			w.run(g.kernels, g.channels, g.sums, width)
		}
	}
	t.aheadStep, t.aheadTile = 0, 0
}

// lines appends the runs of patches that follow each other both in the inputs and, bStep bytes apart, in the transformed dy.
func (g *winogradGrad) lines(list []segment, groups, bStep int) []segment {
	if g.parts() == 1 {
		return append(list, segment{})
	}
	for i := range groups * g.groupH {
		input := i/g.groupH*g.inputs() + i%g.groupH*g.gridW()
		list = append(list, segment{a: 4 * g.C * input, b: i * g.groupW * bStep})
	}
	return list
}

// reduceUnits is the number of units of reduce: a few channels of a part and a panel each.
func (g *winogradGrad) reduceUnits() int {
	return divideUp(g.F, g.kernels.cols) * g.parts() * divideUp(g.C, reduceChannels)
}

// reduce adds up the slices' sums of unit u and transforms them, in place, to its part of dw.
func (g *winogradGrad) reduce(dw, scratch []float32, s WeightStrides, u int) {
	width, panels := g.kernels.cols, divideUp(g.F, g.kernels.cols)
	p, part, c := u%panels, u/panels%g.parts(), u/panels/g.parts()*reduceChannels
	channels := min(reduceChannels, g.C-c)
	x := g.space()
	defer g.spaces.Put(x)
	for i := range x.from {
		start := p*g.panelSize() + ((i*g.parts()+part)*g.C+c)*width
		sums := scratch[start:][:channels*width]
		for slice := 1; slice < g.slices; slice++ {
			Binary(OpAdd, sums, sums, scratch[start+slice*panels*g.panelSize():][:len(sums)])
		}
		x.from[i] = unsafe.Pointer(&sums[0])
	}
	g.transforms.weightsGrad(&x.from[0], &x.from[0], 0, 0, channels*width)
	for i := range g.transforms.taps * g.transforms.taps {
		if kh, kw, ok := g.tap(part, i); ok {
			start := s.Offset + kh*s.KH + kw*s.KW + c*s.C + p*width*s.F
			sums := unsafe.Slice((*float32)(x.from[i]), channels*width)
			unpack(dw, start, channels, min(width, g.F-p*width), s.C, s.F, sums, width)
		}
	}
}
