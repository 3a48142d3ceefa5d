package kernel

import "unsafe"

// winogradGrad is the plan of the gradient of a [winograd] convolution to its weights. It is that of
// y = Aᵀ[(G·w·Gᵀ) ⊙ (Bᵀ·x·B)]A: dw = Gᵀ[Σ (Bᵀ·x·B) ⊙ (A·dy·Aᵀ)]G, summed over all patches before it is transformed back.
//
// Patches are divided among slices, each with sums of its own: for every panel one matrix [C, columns] per point.
type winogradGrad struct {
	*winograd
	slices   int
	channels []int // byte offsets of the channels in a row of inputs
	sums     []int // and in a matrix of sums
}

const (
	winogradDepth  = 48 // patches that are transformed before their products are added up
	reduceChannels = 16 // of a unit of reduce
)

// newWinogradGrad plans the gradient of a convolution that has suitsWinograd.
func newWinogradGrad(s ConvShape, k *productKernels) *winogradGrad {
	g := &winogradGrad{winograd: newWinograd(s, k), channels: offsets(s.C, 1), sums: offsets(s.C, k.cols)}
	panels := divideUp(s.F, k.cols)
	g.patches = winogradDepth
	g.rows = offsets(g.patches, s.C)
	g.slices = max(1, min(g.all()/(2*g.patches), wantedUnits, weightPartial/(panels*g.panelSize())))
	g.sections = max(1, min(panels, wantedUnits/2/g.slices))
	return g
}

func (g *winogradGrad) units() int { return g.slices * g.sections }

// run computes the sums of unit u.
func (g *winogradGrad) run(scratch, src, dy []float32, u int, w *Workspace) {
	slice, panels := u/g.sections, divideUp(g.F, g.kernels.cols)
	p0, p1 := share(panels, g.sections, u%g.sections)
	sums := scratch[(slice*panels+p0)*g.panelSize():][:(p1-p0)*g.panelSize()]
	first, last := share(g.all(), g.slices, slice)
	if first == last {
		clear(sums)
	}
	w.tile.flags = 0
	for at := first; at < last; at += g.patches {
		end := min(at+g.patches, last)
		g.load(src, at, end, w)
		g.loadGrad(dy, at, end, p0*g.kernels.cols, p1*g.kernels.cols, w)
		g.add(sums, end-at, p1-p0, w)
		w.tile.flags = flagAccumulate
	}
}

// loadGrad transforms the output channels f0 to f1-1 of patches of dy.
func (g *winogradGrad) loadGrad(dy []float32, first, last, f0, f1 int, w *Workspace) {
	x := &w.winograd
	width := f1 - f0
	step := apart(g.patches * width)
	grads := floats(&x.products, patchPoints*step)
	for i := range x.product {
		x.product[i] = unsafe.Pointer(&grads[i*step])
	}
	zeros := w.zerosOf(g.F)
	for patch := first; patch < last; patch++ {
		image, row, col := g.place(patch)
		for i := range patchStep * patchStep {
			y, z := row+i/patchStep, col+i%patchStep
			x.from[i] = zeros
			if y < g.OH && z < g.OW {
				x.from[i] = unsafe.Pointer(&dy[((image*g.OH+y)*g.OW+z)*g.F+f0])
			}
		}
		g.transforms.outputGrad(&x.product[0], &x.from[0], 4*(patch-first)*width, 0, min(f1, g.F)-f0)
	}
}

// add adds the products of transformed patches to the sums of some panels.
func (g *winogradGrad) add(sums []float32, patches, panels int, w *Workspace) {
	x, t, width := &w.winograd, &w.tile, g.kernels.cols
	t.aStep, t.bStep = 4*g.C, 4*panels*width
	t.count, t.depth, t.segments = 1, patches, &g.segment
	for p := range panels {
		for i := range patchPoints {
			t.a, t.b = x.input[i], unsafe.Add(x.product[i], 4*p*width)
			t.c = unsafe.Pointer(&sums[p*g.panelSize()+i*g.C*width])
			w.run(g.kernels, g.channels, g.sums, width)
		}
	}
}

// reduceUnits is the number of units of reduce: a few channels of a panel each.
func (g *winogradGrad) reduceUnits() int {
	return divideUp(g.F, g.kernels.cols) * divideUp(g.C, reduceChannels)
}

// reduce adds up the slices' sums of unit u and transforms them, in place, to its part of dw.
func (g *winogradGrad) reduce(dw, scratch []float32, s WeightStrides, u int) {
	width, panels := g.kernels.cols, divideUp(g.F, g.kernels.cols)
	p, c := u%panels, u/panels*reduceChannels
	channels := min(reduceChannels, g.C-c)
	x := g.space()
	defer g.spaces.Put(x)
	for i := range x.from {
		start := p*g.panelSize() + (i*g.C+c)*width
		sums := scratch[start:][:channels*width]
		for slice := 1; slice < g.slices; slice++ {
			Binary(OpAdd, sums, sums, scratch[start+slice*panels*g.panelSize():][:len(sums)])
		}
		x.from[i] = unsafe.Pointer(&sums[0])
	}
	g.transforms.weightsGrad(&x.from[0], &x.from[0], 0, 0, channels*width)
	for tap := range patchTaps {
		start := s.Offset + tap/3*s.KH + tap%3*s.KW + c*s.C + p*width*s.F
		sums := scratch[p*g.panelSize()+(tap*g.C+c)*width:][:channels*width]
		unpack(dw, start, channels, min(width, g.F-p*width), s.C, s.F, sums, width)
	}
}
