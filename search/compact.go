package search

import (
	"context"
	"math"
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
	codes   []int8 // [n, width], and rows of zeros up to a multiple of kernel.RowsTogether
	scale   float64
	squares []float32 // |r̂|² of each row, as its codes tell
	off     float64   // the largest |r − r̂|
}

const blockCodes = 128 // rows of codes that are compared before the next: few enough for the nearest cache

// NewCompact is [NewExact], and makes codes of the vectors.
func NewCompact(by distance.Distance, dim int, vectors []float32) (*Compact, error) {
	exact, err := NewExact(by, dim, vectors)
	if err != nil {
		return nil, err
	}
	return exact.Compact(), nil
}

// Compact makes codes of the same vectors: a quarter of their memory more, in about the time of twenty searches.
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
	x.codes, x.squares = make([]int8, roundUp(x.len(), kernel.RowsTogether)*x.width), make([]float32, x.len())
	var mu sync.Mutex
	parallel.Ranges(x.len(), func(lo, hi int) {
		off := 0.0
		for i := lo; i < hi; i++ {
			row, codes := x.row(i), x.codes[i*x.width:(i+1)*x.width]
			square, lost := 0.0, 0.0
			for j, v := range row {
				c := math.Round(float64(v) / x.scale)
				codes[j] = int8(c)
				square += c * c
				lost += (float64(v) - c*x.scale) * (float64(v) - c*x.scale)
			}
			x.squares[i], off = float32(square), max(off, math.Sqrt(lost))
		}
		mu.Lock()
		defer mu.Unlock()
		x.off = max(x.off, off)
	})
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
			w.block(b*blockCodes, min((b+1)*blockCodes, x.len()))
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
func fours(probes []codedProbe, width int) [][]int16 {
	all := make([]int16, roundUp(len(probes), kernel.RowsTogether)*width)
	for i, p := range probes {
		copy(all[i*width:], p.codes)
	}
	return slices.Collect(slices.Chunk(all, kernel.RowsTogether*width))
}

// compactWorker compares blocks of codes with probes.
type compactWorker struct {
	x          *Compact
	probes     []codedProbe
	fours      [][]int16
	collectors []*collector
	dots       [kernel.RowsTogether * blockCodes]int32
}

func (w *compactWorker) block(lo, hi int) {
	rows := roundUp(hi-lo, kernel.RowsTogether)
	codes := w.x.codes[lo*w.x.width : (lo+rows)*w.x.width] // stay in the cache from one four to the next
	squares := w.x.squares[lo:hi]
	least := slices.Min(squares)
	for f, four := range w.fours {
		kernel.Dots(w.dots[:rows*kernel.RowsTogether], four, codes)
		for p := f * kernel.RowsTogether; p < min((f+1)*kernel.RowsTogether, len(w.probes)); p++ {
			w.take(p, lo, least, squares)
		}
	}
}

// take gives a probe's collector the rows from lo on that may be near: their dot products first, as those of most are too small.
func (w *compactWorker) take(probe, lo int, least float32, squares []float32) {
	twice, c := w.probes[probe].twice, w.collectors[probe]
	enough := leastDot(least, c.limit, twice)
	dots := w.dots[probe%kernel.RowsTogether:]
	for i, square := range squares {
		dot := dots[i*kernel.RowsTogether]
		if dot < enough {
			continue
		}
		if v := square - float32(dot)*twice; v <= c.limit {
			c.add(v, int32(lo+i))
			enough = leastDot(least, c.limit, twice)
		}
	}
}

// leastDot is the least dot product for which square − dot·twice, as float32 has it, may be at most a limit, of squares from least on.
func leastDot(least, limit, twice float32) int32 {
	rounding := 16 * ulp * (float64(least) + math.Abs(float64(limit)))
	dot := math.Floor((float64(least) - float64(limit) - rounding) / float64(twice))
	switch {
	case dot >= math.MaxInt32:
		return math.MaxInt32
	case dot > math.MinInt32:
		return int32(dot)
	}
	return math.MinInt32 // also where there is no limit yet
}

// codedProbe is a probe of numbers from −255 to 255.
type codedProbe struct {
	exact []float32
	codes []int16
	twice float32 // times what a dot product counts, in squares of the rows' scale
	widen func(value float64) float64
	fits  bool // so that nothing overflows
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
	scale := max(most/255, math.SmallestNonzeroFloat32)
	p := codedProbe{exact: q, codes: make([]int16, len(q)), twice: float32(2 * scale / x.scale)}
	square, lost := 0.0, 0.0
	for j, v := range q {
		c := math.Round(float64(v) / scale)
		p.codes[j] = int16(c)
		square += c * c * (scale / x.scale) * (scale / x.scale)
		lost += (float64(v) - c*scale) * (float64(v) - c*scale)
	}
	long := math.Sqrt(square) + (x.longest+x.off)/x.scale
	rounding := 8 * ulp * long * long // of values
	off := 2*(math.Sqrt(lost)+x.off+leastApart)/x.scale + 2*x.around(long)
	p.fits = long < 1e15
	p.widen = func(v float64) float64 {
		apart := math.Sqrt(max(v+square+rounding, 0)) + off
		return apart*apart - square + rounding
	}
	return p
}

// around is how far points are off by their own rounding and Of's, in the unit of long.
func (x *Compact) around(long float64) float64 { return float64(x.width+8) * ulp * long }
