package kernel

import (
	"sync"
	"unsafe"
)

// Sizes of F(4×4, 3×3).
const (
	patchSize   = 6                     // pixels of a patch of the input, in each direction
	patchStep   = 4                     // and of the output
	patchPoints = patchSize * patchSize // products of a patch and a kernel, per channel
	patchTaps   = 9
)

// winograd is the plan of a convolution by minimal filtering, F(4×4, 3×3) of Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks" (2016): 36 products give 16 pixels, for which a direct convolution takes 144.
//
// A unit is a block of patches. They are transformed to one matrix [patches, C] per point, multiplied with the
// transformed weights [C, F], and transformed back.
//
// Rounding: on the layers of Conv4 outputs are off by at most 6e-7·Σ|x·w|, where a direct convolution's are by 3e-7, and
// on average by 7e-7 to 8e-7 of their size, about twice as much. The tests hold all shapes to 2e-6, with the largest sum
// of a patch. What is not finite spreads over the whole patch.
type winograd struct {
	ConvShape
	kernels     *productKernels
	transforms  *patchTransforms
	down, right int   // patches of an image
	patches     int   // of a unit, at most
	sections    int   // of the panels, the second coordinate of a unit
	rows, out   []int // byte offsets of a unit's patches in the matrices of inputs and of products
	segment     segment
	spaces      sync.Pool // of *winogradSpace, for those who have no Workspace
}

// winogradSpace is a worker's memory for it.
type winogradSpace struct {
	inputs, products []float32
	aside            []float32                   // pixels of a patch that are not written to the output
	pixels           []int                       // byte offsets of the output pixels of a block
	input, product   [patchPoints]unsafe.Pointer // the matrices
	from, to         [patchPoints]unsafe.Pointer // the pixels of a patch
}

// newWinograd plans a convolution that has suitsWinograd.
func newWinograd(s ConvShape, k *productKernels) *winograd {
	g := &winograd{ConvShape: s, kernels: k, transforms: &active.patches}
	g.down, g.right = divideUp(s.OH, patchStep), divideUp(s.OW, patchStep)
	g.patches = max(k.rows/2, min(k.rows, divideUp(g.all(), wantedUnits)))
	g.sections = groupsFor(divideUp(g.all(), g.patches), divideUp(s.F, k.cols))
	g.rows, g.out = offsets(g.patches, s.C), offsets(g.patches, k.cols)
	return g
}

// suitsWinograd tells whether the convolution can be computed by minimal filtering.
func (s ConvShape) suitsWinograd() bool {
	return s.KH == 3 && s.KW == 3 && s.Groups == 1 && s.Precision == Float32 &&
		max(s.StrideH, s.StrideW, s.DilH, s.DilW, s.InDilH, s.InDilW) == 1
}

// fasterByWinograd tells whether minimal filtering pays. The portable loops at the ends of vectors never do.
func (s ConvShape) fasterByWinograd(k *productKernels) bool {
	return s.suitsWinograd() && s.C%8 == 0 && s.F%8 == 0 && winogradGain*s.winogradCost(k.cols) < s.directCost()
}

// fasterByKeptWinograd is fasterByWinograd for weights that are packed once and serve often.
func (s ConvShape) fasterByKeptWinograd(k *productKernels) bool {
	s.N *= 1000
	return s.fasterByWinograd(k)
}

const (
	winogradGain   = 1.3 // by how much it must seem faster
	transformCost  = 300 // of a patch and channel, in products
	transformPanel = 430 // of the weights of an input and an output channel, in products
)

// winogradCost is about how many products would take as long.
func (s ConvShape) winogradCost(width int) float64 {
	c, f, wide := float64(s.C), float64(s.F), float64(divideUp(s.F, width)*width)
	patches := float64(s.N * divideUp(s.OH, patchStep) * divideUp(s.OW, patchStep))
	return patches*(patchPoints*c*wide+transformCost*(c+f)) + transformPanel*c*f
}

// directCost is the number of products of a direct convolution.
func (s ConvShape) directCost() float64 {
	return float64(s.N*s.C*s.F) * float64(s.axisH().meetings()*s.axisW().meetings())
}

// meetings is the number of taps of all outputs that meet the input.
func (a axis) meetings() int {
	n := 0
	for o := range a.out {
		class, _ := a.class(o)
		n += class.count
	}
	return n
}

// apart is the distance of matrices of n numbers, in numbers: so far that they do not share places of the L1 cache.
func apart(n int) int { return n/16*16 + 16*5 }

func (g *winograd) all() int       { return g.N * g.down * g.right }
func (g *winograd) panelSize() int { return patchPoints * g.C * g.kernels.cols }
func (g *winograd) units() int     { return divideUp(g.all(), g.patches) * g.sections }

// pack transforms the weights of panel p.
func (g *winograd) pack(panel, w []float32, s WeightStrides, p int) {
	width := g.kernels.cols
	size := g.C * width
	taps := panel[(patchPoints-patchTaps)*size:] // they lie in the last matrices until these take their place
	x := g.space()
	defer g.spaces.Put(x)
	for tap := range patchTaps {
		start := s.Offset + tap/3*s.KH + tap%3*s.KW + p*width*s.F
		g.kernels.pack(taps[tap*size:], w, start, g.C, min(width, g.F-p*width), s.C, s.F)
		x.from[tap] = unsafe.Pointer(&taps[tap*size])
	}
	for i := range x.to {
		x.to[i] = unsafe.Pointer(&panel[i*size])
	}
	g.transforms.weights(&x.to[0], &x.from[0], 0, 0, size)
}

// space is memory to be put back.
func (g *winograd) space() *winogradSpace {
	if x, ok := g.spaces.Get().(*winogradSpace); ok {
		return x
	}
	return &winogradSpace{}
}

// run computes unit u.
func (g *winograd) run(dst, src, packed []float32, ep *Epilogue, u int, w *Workspace) {
	first, last, p0, p1 := g.unit(u)
	g.load(src, first, last, w)
	ahead := src[min(len(src), g.firstPixel(last)):]
	for p := p0; p < p1; p++ {
		g.multiply(packed[p*g.panelSize():], last-first, ahead, w)
		g.store(dst, ep, p, first, last, w)
		ahead = nil
	}
}

// unit is the patches and the panels of a unit.
func (g *winograd) unit(u int) (first, last, p0, p1 int) {
	block := u / g.sections
	p0, p1 = share(divideUp(g.F, g.kernels.cols), g.sections, u%g.sections)
	return block * g.patches, min((block+1)*g.patches, g.all()), p0, p1
}

// multiply multiplies the transformed patches with those of a panel. Meanwhile it asks for what comes next in memory.
func (g *winograd) multiply(panel []float32, patches int, ahead []float32, w *Workspace) {
	x, t, width := &w.winograd, &w.tile, g.kernels.cols
	step := apart(g.patches * width)
	products := floats(&x.products, patchPoints*step)
	t.aStep, t.bStep, t.flags = 4, width*4, 0
	t.count, t.depth, t.segments = 1, g.C, &g.segment
	for i := range patchPoints {
		x.product[i] = unsafe.Pointer(&products[i*step])
		t.a, t.b, t.c = x.input[i], unsafe.Pointer(&panel[i*g.C*width]), x.product[i]
		t.aheadStep = 0
		if at := i * g.C * 16; i < g.patches && at < len(ahead) {
			t.ahead, t.aheadStep = unsafe.Pointer(&ahead[at]), 64
		}
		w.run(g.kernels, g.rows[:patches], g.out[:patches], width)
	}
}

// firstPixel is the place in memory of the first pixel of a patch of the input, about.
func (g *winograd) firstPixel(patch int) int {
	image, row, col := g.place(patch)
	return ((image*g.H+max(0, row-g.PadT))*g.W + max(0, col-g.PadL)) * g.C
}

// load transforms a unit's patches of the input.
func (g *winograd) load(src []float32, first, last int, w *Workspace) {
	x := &w.winograd
	step := apart(g.patches * g.C)
	inputs := floats(&x.inputs, patchPoints*step)
	for i := range x.input {
		x.input[i] = unsafe.Pointer(&inputs[i*step])
	}
	zeros := w.zerosOf(g.C)
	for patch := first; patch < last; patch++ {
		g.patch(&x.from, src, patch, zeros)
		g.transforms.input(&x.input[0], &x.from[0], g.rows[patch-first], 0, g.C)
	}
}

// place is the image, the first row and the first column of a patch of the output.
func (g *winograd) place(patch int) (image, row, col int) {
	image, patch = patch/(g.down*g.right), patch%(g.down*g.right)
	return image, patch / g.right * patchStep, patch % g.right * patchStep
}

// patch points at the pixels of a patch of the input.
func (g *winograd) patch(at *[patchPoints]unsafe.Pointer, src []float32, patch int, zeros unsafe.Pointer) {
	image, row, col := g.place(patch)
	row, col = row-g.PadT, col-g.PadL
	for i := range patchSize {
		line := at[i*patchSize:][:patchSize]
		y := row + i
		for j := range line {
			x := col + j
			if uint(y) < uint(g.H) && uint(x) < uint(g.W) {
				line[j] = unsafe.Pointer(&src[((image*g.H+y)*g.W+x)*g.C])
			} else {
				line[j] = zeros
			}
		}
	}
}

// store transforms the products of panel p back and finishes them.
func (g *winograd) store(dst []float32, ep *Epilogue, p, first, last int, w *Workspace) {
	x := &w.winograd
	f := p * g.kernels.cols
	cols := min(g.kernels.cols, g.F-f)
	x.pixels = x.pixels[:0]
	for patch := first; patch < last; patch++ {
		at := x.pixels
		g.outputs(dst[f:], patch, ep != nil && ep.Accumulate, x)
		g.transforms.output(&x.to[0], &x.product[0], 0, g.out[patch-first], cols)
		if ep != nil && ep.Accumulate {
			x.add(dst[f:], x.pixels[len(at):], cols)
		}
	}
	g.finish(dst, f, ep, f, cols, w)
}

// finish applies an epilogue, from column f on, to the pixels that were written to dst[start:].
func (g *winograd) finish(dst []float32, start int, ep *Epilogue, f, cols int, w *Workspace) {
	t, x := &w.tile, &w.winograd
	t.c, t.count = unsafe.Pointer(&dst[start]), 0
	ep.apply(t, start, f, g.F, true, true)
	if t.flags &^= flagAccumulate | flagStream; t.flags != 0 {
		t.flags |= flagAccumulate
		w.run(g.kernels, x.pixels, x.pixels, cols)
	}
}

// outputs points at the pixels of a patch of the output, one after another, and lists them. Those beyond the image, or all
// of them, it puts aside.
func (g *winograd) outputs(dst []float32, patch int, aside bool, x *winogradSpace) {
	image, row, col := g.place(patch)
	width, used := g.kernels.cols, 1 // the first place aside is for pixels beyond the image
	rest := floats(&x.aside, (1+patchStep*patchStep)*width)
	for i := range patchStep * patchStep {
		y, z := row+i/patchStep, col+i%patchStep
		inside := y < g.OH && z < g.OW
		at := ((image*g.OH+y)*g.OW + z) * g.F
		switch {
		case !inside:
			x.to[i] = unsafe.Pointer(&rest[0])
			continue
		case aside:
			x.to[i] = unsafe.Pointer(&rest[used*width])
			used++
		default:
			x.to[i] = unsafe.Pointer(&dst[at])
		}
		x.pixels = append(x.pixels, 4*at)
	}
}

// add adds what was put aside to the pixels.
func (x *winogradSpace) add(dst []float32, pixels []int, cols int) {
	step := len(x.aside) / (1 + patchStep*patchStep)
	for i, at := range pixels {
		to := dst[at/4:][:cols]
		Binary(OpAdd, to, to, x.aside[(i+1)*step:][:cols])
	}
}
