package search

import (
	"context"
	"math"
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
	codes   []int8 // [n, width]
	scale   float64
	squares []float32 // |r̂|² of each row, as its codes tell
	off     float64   // the largest |r − r̂|
}

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
	x.codes, x.squares = make([]int8, len(x.rows)), make([]float32, x.len())
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
	if len(probes) >= worthBatch {
		return x.Exact.Nearest(ctx, k, probes...)
	}
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
			found[which[n]] = x.ranked(probes[which[n]], k, rows)
		}
	}
	return found, ctx.Err()
}

// likely is the rows that may be among the k nearest to each probe, in one pass over the codes.
func (x *Compact) likely(ctx context.Context, k int, probes []codedProbe) [][]int32 {
	blocks := (x.len() + blockRows - 1) / blockRows
	var next atomic.Int64
	var mu sync.Mutex
	parts := make([][]*collector, len(probes))
	parallel.Ranges(blocks, func(int, int) {
		w := compactWorker{x: x, probes: probes}
		for _, p := range probes {
			w.collectors = append(w.collectors, newCollector(k, p.widen))
		}
		for b := int(next.Add(1)) - 1; b < blocks && ctx.Err() == nil; b = int(next.Add(1)) - 1 {
			w.block(b*blockRows, min((b+1)*blockRows, x.len()))
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

// compactWorker compares blocks of codes with probes.
type compactWorker struct {
	x          *Compact
	probes     []codedProbe
	collectors []*collector
	at, dots   [blockRows]int32
	values     [blockRows]float32
}

func (w *compactWorker) block(lo, hi int) {
	n := roundUp(hi-lo, kernel.RowsTogether)
	for i := range w.at[:n] {
		w.at[i] = int32(min(i, hi-lo-1))
	}
	codes := w.x.codes[lo*w.x.width : hi*w.x.width] // stay in the cache from one probe to the next
	for p, probe := range w.probes {
		kernel.DotsAt(w.dots[:n], probe.codes, codes, w.at[:n])
		for i, square := range w.x.squares[lo:hi] {
			w.values[i] = square - float32(w.dots[i])*probe.twice
		}
		w.collectors[p].take(w.values[:hi-lo], lo)
	}
}

// codedProbe is a probe of numbers from −255 to 255.
type codedProbe struct {
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
	p := codedProbe{codes: make([]int16, len(q)), twice: float32(2 * scale / x.scale)}
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
