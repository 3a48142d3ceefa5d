package kernel

import (
	"cmp"
	"slices"
	"sync"
	"unsafe"
)

// winograd is the plan of a convolution by minimal filtering, of Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks" (2016). With F(4×4, 3×3) 36 products give 16 pixels, for which a direct convolution takes 144. With
// F(3×3, 4×4) they give 9 pixels, instead of 144 again; larger kernels are cut into parts of 4×4 whose products are added
// up before they are transformed back, so that for 7×7 four times 36 products take the place of 441.
//
// A unit is some groups of patches. Their inputs are transformed to one matrix [inputs, C] per point, multiplied with the
// transformed weights [parts·C, F], and transformed back.
//
// Rounding: where a direct convolution's outputs are off by at most 3e-7·Σ|x·w|, those of F(4×4, 3×3) are by 6e-7 and those
// of F(3×3, 4×4) by 3e-7; on average both are off by about twice as much as a direct convolution's. The tests hold all
// shapes to 2e-6, with the largest sum of a patch. What is not finite spreads over the whole patch.
type winograd struct {
	ConvShape
	patchGroups
	kernels    *productKernels
	transforms *patchTransforms
	groups     int       // of a unit, at most
	sections   int       // of the panels, the second coordinate of a unit
	out        []int     // byte offsets of a unit's patches in the matrices of products
	segments   []segment // the parts of the kernel
	spaces     sync.Pool // of *winogradSpace, for those who have no Workspace
}

// winogradSpace is a worker's memory for it.
type winogradSpace struct {
	places           []patchPlace // of a unit
	rows             []int        // byte offsets of their first inputs in the matrices of inputs
	classes          []patchClass // of the places, in order
	inputs, products []float32
	aside            []float32                   // pixels of a patch that are not written to the output
	lines            []segment                   // of parts, or of patches that follow each other
	pixels           []int                       // byte offsets of the output pixels of a block
	input, product   [patchPoints]unsafe.Pointer // the matrices
	from, to         [patchPoints]unsafe.Pointer // the pixels of a patch
}

// patchClass is places of a unit for which the same parts of the kernel meet the image.
type patchClass struct {
	last  int // place
	parts []segment
}

const (
	winogradInputs  = 1 << 17 // numbers of the transformed inputs of a group, about: they stay in the L2 cache
	winogradWeights = 1 << 22 // transformed weights that are so many that more patches should share a reading of them
)

// newWinograd plans a convolution that has suitsWinograd.
func newWinograd(s ConvShape, k *productKernels, t *patchTransforms) *winograd {
	g := cutWinograd(s, k, t)
	wanted := max(k.rows/2, min(k.rows, divideUp(g.count(), wantedUnits)))
	switch {
	case g.parts() > 1:
		wanted = max(k.rows, min(4*k.rows, winogradInputs/(patchPoints*s.C)))
		g.join(wanted)
	case patchPoints*s.C*s.F > winogradWeights:
		wanted *= 2
	}
	g.divide(wanted)
	return g
}

// cutWinograd plans all but the units.
func cutWinograd(s ConvShape, k *productKernels, t *patchTransforms) *winograd {
	return &winograd{ConvShape: s, patchGroups: s.patchGroups(t), kernels: k, transforms: t}
}

// divide makes units of about the wanted number of patches.
func (g *winograd) divide(wanted int) {
	g.groups = max(1, wanted/g.patches())
	g.sections = groupsFor(divideUp(g.count(), g.groups), divideUp(g.F, g.kernels.cols))
	g.out = offsets(g.groups*g.patches(), g.kernels.cols)
	for part := range g.parts() {
		a := part/g.partsW*g.gridW() + part%g.partsW
		g.segments = append(g.segments, segment{a: 4 * a * g.C, b: 4 * part * g.C * g.kernels.cols})
	}
}

// apart is the distance of matrices of n numbers, in numbers: so far that they do not share places of the L1 cache.
func apart(n int) int { return n/16*16 + 16*5 }

func (g *winograd) panelSize() int { return patchPoints * g.parts() * g.C * g.kernels.cols }
func (g *winograd) units() int     { return divideUp(g.count(), g.groups) * g.sections }

// space is memory to be put back.
func (g *winograd) space() *winogradSpace {
	if x, ok := g.spaces.Get().(*winogradSpace); ok {
		return x
	}
	return &winogradSpace{}
}

// pack transforms the weights of panel p.
func (g *winograd) pack(panel, w []float32, s WeightStrides, p int) {
	x := g.space()
	defer g.spaces.Put(x)
	size, parts := g.C*g.kernels.cols, g.parts()
	for part := range parts {
		for i := range x.to {
			x.to[i] = unsafe.Pointer(&panel[(i*parts+part)*size])
		}
		taps := x.to[patchPoints-g.transforms.taps*g.transforms.taps:] // they lie in the last matrices until these take their place
		for i := range taps {
			x.from[i] = taps[i]
			g.packTap(unsafe.Slice((*float32)(taps[i]), size), w, s, p, part, i)
		}
		g.transforms.weights(&x.to[0], &x.from[0], 0, 0, size)
	}
}

// packTap packs tap i of a part of the kernel, which may be none of the kernel's.
func (g *winograd) packTap(dst, w []float32, s WeightStrides, p, part, i int) {
	kh, kw, ok := g.tap(part, i)
	if !ok {
		clear(dst)
		return
	}
	width := g.kernels.cols
	g.kernels.pack(dst, w, s.Offset+kh*s.KH+kw*s.KW+p*width*s.F, g.C, min(width, g.F-p*width), s.C, s.F)
}

// tap is the place in the kernel of tap i of a part, and whether it is one of the kernel's and not of the next part.
func (g *winograd) tap(part, i int) (kh, kw int, ok bool) {
	step, taps := g.transforms.step, g.transforms.taps
	row, col := part/g.partsW, part%g.partsW
	kh, kw = row*step+i/taps, col*step+i%taps
	return kh, kw, kh < g.KH && kw < g.KW && (i/taps < step || row == g.partsH-1) && (i%taps < step || col == g.partsW-1)
}

// run computes unit u.
func (g *winograd) run(dst, src, packed []float32, ep *Epilogue, u int, w *Workspace) {
	p0, p1 := g.begin(src, u, w)
	ahead := g.after(src, u)
	for p := p0; p < p1; p++ {
		g.multiply(packed[p*g.panelSize():], ahead, w)
		g.store(dst, ep, p, w)
		ahead = nil
	}
}

// begin lists the patches of unit u, transforms their inputs, and returns the unit's panels.
func (g *winograd) begin(src []float32, u int, w *Workspace) (p0, p1 int) {
	first := u / g.sections * g.groups
	last := min(first+g.groups, g.count())
	x := &w.winograd
	x.places = g.list(x.places[:0], first, last)
	if g.parts() > 1 {
		slices.SortStableFunc(x.places, func(a, b patchPlace) int { return cmp.Compare(a.parts, b.parts) })
	}
	g.classify(x)
	g.load(src, first, last, w)
	return share(divideUp(g.F, g.kernels.cols), g.sections, u%g.sections)
}

// classify lists the rows and the classes of the places, which are sorted.
func (g *winograd) classify(x *winogradSpace) {
	x.rows, x.classes, x.lines = x.rows[:0], x.classes[:0], slices.Grow(x.lines[:0], len(x.places)*g.parts())
	for i, at := range x.places {
		x.rows = append(x.rows, 4*g.C*at.input)
		if i == 0 || at.parts != x.places[i-1].parts {
			first := len(x.lines)
			for part, s := range g.segments {
				if at.parts>>part&1 == 1 {
					x.lines = append(x.lines, s)
				}
			}
			x.classes = append(x.classes, patchClass{parts: x.lines[first:]})
		}
		x.classes[len(x.classes)-1].last = i + 1
	}
}

// load transforms the inputs of some groups.
func (g *winograd) load(src []float32, first, last int, w *Workspace) {
	x := &w.winograd
	step := apart(g.groups * g.inputs() * g.C)
	inputs := floats(&x.inputs, patchPoints*step)
	for i := range x.input {
		x.input[i] = unsafe.Pointer(&inputs[i*step])
	}
	zeros := w.zerosOf(g.C)
	for group := first; group < last; group++ {
		for i := range g.inputs() {
			image, row, col, meets := g.input(group, i)
			if !meets {
				continue
			}
			g.point(&x.from, src, image, row-g.PadT, col-g.PadL, zeros)
			g.transforms.input(&x.input[0], &x.from[0], 4*g.C*((group-first)*g.inputs()+i), 0, g.C)
		}
	}
}

// point points at the pixels of a patch of the input.
func (g *winograd) point(at *[patchPoints]unsafe.Pointer, src []float32, image, row, col int, zeros unsafe.Pointer) {
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

// after is the memory of the input that comes after a unit, if that is one run.
func (g *winograd) after(src []float32, u int) []float32 {
	if next := (u/g.sections + 1) * g.groups; g.parts() == 1 && next < g.count() {
		image, row, col, _ := g.input(next, 0)
		return src[min(len(src), ((image*g.H+max(0, row-g.PadT))*g.W+max(0, col-g.PadL))*g.C):]
	}
	return nil
}

// multiply multiplies the transformed patches with those of a panel. Meanwhile it asks for what comes next in memory.
func (g *winograd) multiply(panel []float32, ahead []float32, w *Workspace) {
	x, t, width := &w.winograd, &w.tile, g.kernels.cols
	size, step := g.parts()*g.C*width, apart(g.groups*g.patches()*width)
	products := floats(&x.products, patchPoints*step)
	t.aStep, t.bStep, t.flags, t.depth = 4, width*4, 0, g.C
	for i := range patchPoints {
		x.product[i] = unsafe.Pointer(&products[i*step])
		t.a, t.b, t.c = x.input[i], unsafe.Pointer(&panel[i*size]), x.product[i]
		t.aheadStep = 0
		if at := i * g.C * 16; i < len(x.places) && at < len(ahead) {
			t.ahead, t.aheadStep = uintptr(unsafe.Pointer(&ahead[at])), 64
		}
		first := 0
		for _, class := range x.classes {
			t.segments, t.count = unsafe.SliceData(class.parts), len(class.parts)
			w.run(g.kernels, x.rows[first:class.last], g.out[first:class.last], width)
			first = class.last
		}
	}
}

// store transforms the products of panel p back and finishes them.
func (g *winograd) store(dst []float32, ep *Epilogue, p int, w *Workspace) {
	x := &w.winograd
	f := p * g.kernels.cols
	cols := min(g.kernels.cols, g.F-f)
	x.pixels = x.pixels[:0]
	for i, place := range x.places {
		at := x.pixels
		g.outputs(dst[f:], place, ep != nil && ep.Accumulate, x)
		g.transforms.output(&x.to[0], &x.product[0], 0, g.out[i], cols)
		if ep != nil && ep.Accumulate {
			x.add(dst[f:], x.pixels[len(at):], cols, g.kernels.cols)
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
func (g *winograd) outputs(dst []float32, place patchPlace, aside bool, x *winogradSpace) {
	width, used := g.kernels.cols, 1 // the first place aside is for pixels beyond the image
	rest := floats(&x.aside, (1+patchPoints)*width)
	for i := range g.step {
		row := place.row + i
		for j := range g.step {
			to, at := &x.to[i*g.step+j], ((place.image*g.OH+row)*g.OW+place.col+j)*g.F
			switch {
			case row >= g.OH || place.col+j >= g.OW:
				*to = unsafe.Pointer(&rest[0])
				continue
			case aside:
				*to = unsafe.Pointer(&rest[used*width])
				used++
			default:
				*to = unsafe.Pointer(&dst[at])
			}
			x.pixels = append(x.pixels, 4*at)
		}
	}
}

// add adds what was put aside to the pixels.
func (x *winogradSpace) add(dst []float32, pixels []int, cols, width int) {
	for i, at := range pixels {
		to := dst[at/4:][:cols]
		Binary(OpAdd, to, to, x.aside[(i+1)*width:][:cols])
	}
}
