package kernel

import "unsafe"

// productKernels multiplies one tile of rows × cols numbers.
type productKernels struct {
	rows   int // most rows of a tile
	cols   int // columns of a tile, and of a packed panel
	vector int // columns of a vector, a divisor of cols
	kind   tileKind
	pairs  bool // whether tiles know pairs
	slides bool // whether tiles can slide
	// tile runs one tile of the given number of rows, 1 ≤ rows ≤ productKernels.rows, always of all columns.
	tile func(rows int, t *tile)
	// narrow is tile for the first tile.cols ≤ vector columns: it reads and writes no other.
	narrow func(rows int, t *tile)
	// packRows copies n ≥ 1 rows of productKernels.cols numbers that lie stride bytes apart to one place.
	packRows func(dst, src *float32, n, stride int)
	// packPairs packs two rows as one row of pairs.
	packPairs func(dst, a, b *float32, n, stride int)
	// squares runs the matrix unit; nil where there is none.
	squares func(w *squareWork)
	// squaresFirst says that the matrix unit runs all that it can, whatever that costs, as is wanted of its portable loop.
	squaresFirst bool
	// peak runs n times rows·cols independent multiply-adds, see [PeakGFLOPS].
	peak func(n int)
}

func portableProduct() productKernels {
	return productKernels{
		rows: 4, cols: portableCols, vector: portableCols, pairs: true, tile: tilePortable, narrow: tilePortable,
		packRows: packRowsPortable, packPairs: packPairsPortable, peak: peakPortable,
	}
}

// of is the kernels for another kind of operands.
func (k *productKernels) of(kind tileKind) *productKernels {
	other := *k
	other.kind = kind
	return &other
}

// tileKind is what the left operand of a tile is, and so how a step multiplies.
type tileKind int

const (
	plainTile      tileKind = iota // one number for all columns
	pairTile                       // one pair of bfloat16 for all columns, and the right operand is pairs too
	byChannelTile                  // one number for every column
	slidingTile                    // the same, and the rows are one step of the left operand apart
	slidingBy2Tile                 // or two
)

// tile is the work of one call of the micro-kernel, under every matrix product, convolution and weight gradient:
//
//	sum[r, j] = Σ_s Σ_k a[rows[r] + segments[s].a + k·aStep] · b[segments[s].b + k·bStep + 4·j]    0 ≤ k < depth
//	c[out[r] + 4·j] = act(scale[j]·(sum[r, j] + c if accumulate) + shift[j] + residual)
//
// Everything is in bytes of float32. The left operand is addressed through row and segment offsets: for a convolution
// a row is an output pixel and a segment a kernel row; for a weight gradient a row is a channel and a segment an image
// row; a plain product has one segment. By channel the left operand is a[… + 4·j] and the depth always 1: a row is an
// output pixel and a segment a tap, or in a weight gradient the other way round. Sliding tiles are by channel, too, with
// a kernel row of slidingTaps as a segment. The assembly knows this layout, see asm/gemm.
type tile struct {
	a         unsafe.Pointer
	rows      *int
	segments  *segment
	count     int // segments
	depth     int // products per segment
	aStep     int
	b         unsafe.Pointer
	bStep     int
	c         unsafe.Pointer
	out       *int
	flags     int
	scale     unsafe.Pointer
	shift     unsafe.Pointer
	residual  unsafe.Pointer // addressed like c
	ahead     uintptr        // memory to ask for while computing, one place per product
	aheadStep int            // bytes from one such place to the next
	kind      tileKind
	cols      int            // columns of a narrow tile
	slopes    unsafe.Pointer // addressed like scale
	slope     float32
	low, high float32
	aheadTile uintptr // bytes that ahead moves on after every tile; not for the assembly
}

// segment is a run of products: the byte offsets of its first number of each operand.
type segment struct{ a, b int }

// Bits of tile.flags. A tile with none of them overwrites c with the sums.
const (
	flagAccumulate = 1 << iota
	flagScale
	flagShift
	flagResidual
	flagReLU
	flagLeakyReLU
	flagStream // write past the caches, to an aligned c
	flagSlopes // a leaky ReLU with a slope for every column
	flagClip
	flagResidualLast // add the residual after the activation
)

const portableCols = 8

// tilePortable is the definition of the micro-kernel, wide or narrow.
func tilePortable(rows int, t *tile) {
	offsets, segments, out := unsafe.Slice(t.rows, rows), unsafe.Slice(t.segments, t.count), unsafe.Slice(t.out, rows)
	for r := range rows {
		var all [portableCols]float32
		sum := all[:t.cols]
		for _, s := range segments {
			a, b := unsafe.Add(t.a, offsets[r]+s.a), unsafe.Add(t.b, s.b)
			for k := range t.depth {
				t.step(sum, unsafe.Add(a, k*t.aStep), unsafe.Slice((*float32)(unsafe.Add(b, k*t.bStep)), t.cols))
			}
		}
		t.store(sum, out[r])
	}
}

// step adds the products of one number of the left operand, or of one for every column, with one row of the right one.
func (t *tile) step(sum []float32, a unsafe.Pointer, b []float32) {
	switch t.kind {
	case plainTile:
		x := floatAt(a, 0)
		for j, y := range b {
			sum[j] += x * y
		}
	case pairTile:
		low, high := halvesOf(floatAt(a, 0))
		for j, y := range b {
			yLow, yHigh := halvesOf(y)
			sum[j] += low*yLow + high*yHigh
		}
	case byChannelTile, slidingTile, slidingBy2Tile:
		for j, y := range b {
			sum[j] += floatAt(a, 4*j) * y
		}
	}
}

// store applies the flags to one row of sums and writes it out bytes into c.
func (t *tile) store(sum []float32, out int) {
	c := unsafe.Slice((*float32)(unsafe.Add(t.c, out)), len(sum))
	for j, x := range sum {
		if t.flags&flagAccumulate != 0 {
			x += c[j]
		}
		if t.flags&flagScale != 0 {
			x *= floatAt(t.scale, j*4)
		}
		if t.flags&flagShift != 0 {
			x += floatAt(t.shift, j*4)
		}
		if t.flags&flagResidual != 0 {
			x += floatAt(t.residual, out+j*4)
		}
		x = t.activate(x, j)
		if t.flags&flagResidualLast != 0 {
			x += floatAt(t.residual, out+j*4)
		}
		c[j] = x
	}
}

// activate applies the activation among the flags to a number of column j: NaN stays NaN.
func (t *tile) activate(x float32, j int) float32 {
	switch {
	case t.flags&flagReLU != 0 && x < 0:
		return 0
	case t.flags&flagLeakyReLU != 0 && x < 0:
		return x * t.slope
	case t.flags&flagSlopes != 0 && x < 0:
		return x * floatAt(t.slopes, j*4)
	case t.flags&flagClip != 0:
		return clip(x, t.low, t.high)
	}
	return x
}

// clip is max, then min: high wins where the bounds are exchanged.
func clip(x, low, high float32) float32 {
	if x < low {
		x = low
	}
	if x > high {
		x = high
	}
	return x
}

func packRowsPortable(dst, src *float32, n, stride int) {
	for k := range n {
		to, from := unsafe.Add(unsafe.Pointer(dst), k*portableCols*4), unsafe.Add(unsafe.Pointer(src), k*stride)
		*(*[portableCols]float32)(to) = *(*[portableCols]float32)(from)
	}
}

func floatAt(p unsafe.Pointer, bytes int) float32 { return *(*float32)(unsafe.Add(p, bytes)) }
