package kernel

import "unsafe"

// productKernels multiplies one tile of rows × cols numbers.
type productKernels struct {
	rows int // most rows of a tile
	cols int // columns of a tile, and of a packed panel
	// tile runs one tile of the given number of rows, 1 ≤ rows ≤ productKernels.rows, always of all columns.
	tile func(rows int, t *tile)
	// packRows copies n ≥ 1 rows of productKernels.cols numbers that lie stride bytes apart to one place.
	packRows func(dst, src *float32, n, stride int)
	// pairTile is tile with pairs of bfloat16 for numbers, and packPairs packs two rows as one; nil if there is none.
	pairTile  func(rows int, t *tile)
	packPairs func(dst, a, b *float32, n, stride int)
	// peak runs n times rows·cols independent multiply-adds, see [PeakGFLOPS].
	peak func(n int)
}

func portableProduct() productKernels {
	return productKernels{
		rows: 4, cols: portableCols, tile: tilePortable, packRows: packRowsPortable,
		pairTile: pairTilePortable, packPairs: packPairsPortable, peak: peakPortable,
	}
}

// tile is the work of one call of the micro-kernel, under every matrix product, convolution and weight gradient:
//
//	sum[r, j] = Σ_s Σ_k a[rows[r] + segments[s].a + k·aStep] · b[segments[s].b + k·bStep + 4·j]    0 ≤ k < depth
//	c[out[r] + 4·j] = act(scale[j]·(sum[r, j] + c if accumulate) + shift[j] + residual)
//
// Everything is in bytes of float32. The left operand is addressed through row and segment offsets: for a convolution
// a row is an output pixel and a segment a kernel row; for a weight gradient a row is a channel and a segment an image
// row; a plain product has one segment. The assembly knows this layout, see asm/gemm.
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
	ahead     unsafe.Pointer // memory to ask for while computing, one place per product
	aheadStep int            // bytes from one such place to the next
	slope     float32
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
)

const portableCols = 8

// tilePortable is the definition of the micro-kernel.
func tilePortable(rows int, t *tile) {
	offsets, segments, out := unsafe.Slice(t.rows, rows), unsafe.Slice(t.segments, t.count), unsafe.Slice(t.out, rows)
	for r := range rows {
		var sum [portableCols]float32
		for _, s := range segments {
			a, b := unsafe.Add(t.a, offsets[r]+s.a), unsafe.Add(t.b, s.b)
			for k := range t.depth {
				x := floatAt(a, k*t.aStep)
				for j, y := range (*[portableCols]float32)(unsafe.Add(b, k*t.bStep)) {
					sum[j] += x * y
				}
			}
		}
		t.store(sum[:], out[r])
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
		c[j] = activate(x, t.flags, t.slope)
	}
}

func packRowsPortable(dst, src *float32, n, stride int) {
	for k := range n {
		to, from := unsafe.Add(unsafe.Pointer(dst), k*portableCols*4), unsafe.Add(unsafe.Pointer(src), k*stride)
		*(*[portableCols]float32)(to) = *(*[portableCols]float32)(from)
	}
}

// activate applies the activation among the flags: NaN stays NaN.
func activate(x float32, flags int, slope float32) float32 {
	switch {
	case flags&flagReLU != 0 && x < 0:
		return 0
	case flags&flagLeakyReLU != 0 && x < 0:
		return x * slope
	}
	return x
}

func floatAt(p unsafe.Pointer, bytes int) float32 { return *(*float32)(unsafe.Add(p, bytes)) }
