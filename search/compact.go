package search

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// Compact is [Exact] over vectors of a byte a number: a probe is compared with those, and once more with the vectors that may be near
// as far as the rounding to bytes tells, so it finds the same. It is safe for use by several goroutines.
type Compact struct {
	*Exact
	codes   []uint8 // where kernel.DotPlace says, each of its number and 128, with rows of any up to a multiple of kernel.DotRows
	scale   float64
	squares []float32 // |r̂|² of each row, as its codes tell
	least   []float32 // of each block of rows
	off     float64   // the largest |r − r̂|
}

const (
	blockCodes = 2 * kernel.DotRows // rows of codes that are compared before the next: few enough for the nearest cache
	codeZero   = 128                // the code of 0
	mostWidth  = 1 << 16            // for which no dot product of codes overflows
)

// NewCompact is [NewExact], and makes codes of the vectors.
func NewCompact(by distance.Distance, dim int, vectors []float32) (*Compact, error) {
	exact, err := NewExact(by, dim, vectors)
	if err != nil {
		return nil, err
	}
	return exact.Compact(), nil
}

// Compact makes codes of the same vectors: a quarter of their memory more, in about the time of eighty searches.
func (x *Exact) Compact() *Compact {
	c := &Compact{Exact: x}
	if x.rows != nil {
		c.encode()
	}
	return c
}

// encode rounds all rows to multiples of one scale.
func (x *Compact) encode() {
	most := 0.0
	for _, v := range x.rows {
		most = max(most, math.Abs(float64(v)))
	}
	x.scale = max(most/127, math.SmallestNonzeroFloat32)
	x.codes, x.squares = make([]uint8, roundUp(x.len(), kernel.DotRows)*x.width), make([]float32, x.len())
	var mu sync.Mutex
	parallel.Ranges(x.len(), func(lo, hi int) {
		off := 0.0
		for i := lo; i < hi; i++ {
			square, lost := 0.0, 0.0
			for j, v := range x.row(i) {
				c := math.Round(float64(v) / x.scale)
				x.codes[kernel.DotPlace(i, j, x.width)] = uint8(codeZero + c)
				square += c * c
				lost += (float64(v) - c*x.scale) * (float64(v) - c*x.scale)
			}
			x.squares[i], off = float32(square), max(off, math.Sqrt(lost))
		}
		mu.Lock()
		defer mu.Unlock()
		x.off = max(x.off, off)
	})
	for block := range slices.Chunk(x.squares, blockCodes) {
		x.least = append(x.least, slices.Min(block))
	}
}

// Nearest is [Exact.Nearest].
func (x *Compact) Nearest(ctx context.Context, k int, probes ...[]float32) ([][]distance.Neighbour, error) {
	if err := x.check(k, probes); err != nil {
		return nil, err
	}
	found := make([][]distance.Neighbour, len(probes))
	var coded []codedProbe
	var which []int
	for i, probe := range probes {
		if q, ok := x.probe(probe); ok && x.len() > 0 {
			if p := x.code(q); p.fits {
				coded, which = append(coded, p), append(which, i)
				continue
			}
		}
		if err := x.some(ctx, k, probes[i:i+1], found[i:i+1]); err != nil {
			return nil, err
		}
	}
	if len(which) > 0 {
		for n, rows := range x.likely(ctx, min(k, x.len()), coded) {
			found[which[n]] = x.ranked(probes[which[n]], k, x.likelier(coded[n].exact, min(k, x.len()), rows))
		}
	}
	return found, ctx.Err()
}

// likely is the rows that may be among the k nearest to each probe, in one pass over the codes.
func (x *Compact) likely(ctx context.Context, k int, probes []codedProbe) [][]int32 {
	blocks := (x.len() + blockCodes - 1) / blockCodes
	var next atomic.Int64
	var mu sync.Mutex
	parts, fours := make([][]*collector, len(probes)), fours(probes, x.width)
	parallel.Ranges(blocks, func(int, int) {
		w := compactWorker{x: x, probes: probes, fours: fours}
		for _, p := range probes {
			w.collectors = append(w.collectors, newCollector(k, p.widen))
		}
		for b := int(next.Add(1)) - 1; b < blocks && ctx.Err() == nil; b = int(next.Add(1)) - 1 {
			w.block(b)
		}
		mu.Lock()
		defer mu.Unlock()
		for i, c := range w.collectors {
			parts[i] = append(parts[i], c)
		}
	})
	kept := make([][]int32, len(probes))
	for i, part := range parts {
		kept[i] = merged(part)
	}
	return kept
}

// likelier is those of some rows that may be among the k nearest to a probe as float32 has them.
func (x *Compact) likelier(probe []float32, k int, rows []int32) []int32 {
	if len(rows) == 0 {
		return nil
	}
	at := append(rows, slices.Repeat(rows[:1], roundUp(len(rows), kernel.RowsTogether)-len(rows))...)
	values := make([]float32, len(at))
	kernel.SquaredAt(values, probe, x.rows, at)
	c := newCollector(k, x.aroundSquare(length(probe)))
	for i, value := range values[:len(rows)] {
		if value <= c.limit {
			c.add(value, rows[i])
		}
	}
	return merged([]*collector{c})
}

// fours are the codes of each kernel.RowsTogether probes, and zeros after the last.
func fours(probes []codedProbe, width int) [][]int8 {
	all := make([]int8, roundUp(len(probes), kernel.RowsTogether)*width)
	for i, p := range probes {
		copy(all[i*width:], p.codes)
	}
	return slices.Collect(slices.Chunk(all, kernel.RowsTogether*width))
}

// compactWorker compares blocks of codes with probes.
type compactWorker struct {
	x          *Compact
	probes     []codedProbe
	fours      [][]int8
	collectors []*collector
	dots       [kernel.RowsTogether * blockCodes]int32
	large      [kernel.RowsTogether * blockCodes / kernel.DotRows]uint64
}

func (w *compactWorker) block(b int) {
	lo, hi := b*blockCodes, min((b+1)*blockCodes, w.x.len())
	n := roundUp(hi-lo, kernel.DotRows)
	codes := w.x.codes[lo*w.x.width : (lo+n)*w.x.width] // stay in the cache from one four to the next
	squares := w.x.squares[lo:hi]
	dots, large := w.dots[:kernel.RowsTogether*n], w.large[:kernel.RowsTogether*n/kernel.DotRows]
	for f, four := range w.fours {
		first := f * kernel.RowsTogether
		probes := w.probes[first:min(first+kernel.RowsTogether, len(w.probes))]
		enough := [kernel.RowsTogether]int32{math.MaxInt32, math.MaxInt32, math.MaxInt32, math.MaxInt32}
		for i, p := range probes {
			enough[i] = p.leastDot(w.x.least[b], w.collectors[first+i].limit)
		}
		kernel.Dots(dots, large, four, codes, enough[:])
		for i := range probes {
			w.take(first+i, lo, squares, dots[i*n:(i+1)*n], large[i*n/kernel.DotRows:(i+1)*n/kernel.DotRows])
		}
	}
}

// take gives a probe's collector the rows from lo on that may be near, which are among those whose dot product is large.
func (w *compactWorker) take(probe, lo int, squares []float32, dots []int32, large []uint64) {
	p, c := w.probes[probe], w.collectors[probe]
	for b, set := range large {
		for ; set != 0; set &= set - 1 {
			i := b*kernel.DotRows + bits.TrailingZeros64(set)
			if i >= len(squares) {
				return
			}
			if v := squares[i] - float32(dots[i]-p.offset)*p.twice; v <= c.limit {
				c.add(v, int32(lo+i))
			}
		}
	}
}

// leastDot is the least dot product for which square − (dot − offset)·twice, as float32 has it, may be at most a limit, of squares from
// least on.
func (p *codedProbe) leastDot(least, limit float32) int32 {
	rounding := 16 * ulp * (float64(least) + math.Abs(float64(limit)))
	dot := math.Floor((float64(least)-float64(limit)-rounding)/float64(p.twice)) + float64(p.offset)
	switch {
	case dot >= math.MaxInt32:
		return math.MaxInt32
	case dot > math.MinInt32:
		return int32(dot)
	}
	return math.MinInt32 // also where there is no limit yet
}

// codedProbe is a probe of numbers from −127 to 127.
type codedProbe struct {
	exact  []float32
	codes  []int8
	offset int32   // of its dot products with codes, as these are of numbers and codeZero
	twice  float32 // times what a dot product counts, in squares of the rows' scale
	widen  func(value float64) float64
	fits   bool // so that nothing overflows
}

// leastApart is a distance of points whose square float32 may take for 0.
const leastApart = 1e-18

// code rounds a probe. A value is |r̂|² − 2·q̂·r̂ in squares of the scale, and the distance of q̂ and r̂ is at most off both roundings
// from that of q and r.
func (x *Compact) code(q []float32) codedProbe {
	most := 0.0
	for _, v := range q {
		most = max(most, math.Abs(float64(v)))
	}
	scale := max(most/127, math.SmallestNonzeroFloat32)
	p := codedProbe{exact: q, codes: make([]int8, len(q)), twice: float32(2 * scale / x.scale)}
	square, lost := 0.0, 0.0
	for j, v := range q {
		c := math.Round(float64(v) / scale)
		p.codes[j] = int8(c)
		p.offset += codeZero * int32(c)
		square += c * c * (scale / x.scale) * (scale / x.scale)
		lost += (float64(v) - c*scale) * (float64(v) - c*scale)
	}
	long := math.Sqrt(square) + (x.longest+x.off)/x.scale
	rounding := 8 * ulp * long * long // of values
	off := 2*(math.Sqrt(lost)+x.off+leastApart)/x.scale + 2*x.around(long)
	p.fits = long < 1e15 && x.width <= mostWidth
	p.widen = func(v float64) float64 {
		apart := math.Sqrt(max(v+square+rounding, 0)) + off
		return apart*apart - square + rounding
	}
	return p
}

// around is how far points are off by their own rounding and Of's, in the unit of long.
func (x *Compact) around(long float64) float64 { return float64(x.width+8) * ulp * long }
