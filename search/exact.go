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

// Exact finds the nearest of n vectors by comparing a probe with all. It is safe for use by several goroutines.
type Exact struct {
	*points
	squares []float32 // |r|² of each row
}

const (
	blockRows  = 512 // rows that are compared before the next
	leastRows  = 64  // rows of which the least is looked at first
	batch      = 64  // probes that share one pass over the rows
	worthBatch = 6   // probes for which a product is faster than comparing each
)

// NewExact prepares the search among vectors, [n, dim], which must not change afterwards. There may be none. Of distances that do not
// order vectors as the squared Euclidean distance does, in some place, it compares one by one. It fails on numbers that are not
// finite and when vectors is not of a multiple of dim numbers.
func NewExact(by distance.Distance, dim int, vectors []float32) (*Exact, error) {
	p, err := newPoints(by, dim, vectors)
	if err != nil {
		return nil, err
	}
	x := &Exact{points: p}
	if p.rows != nil {
		x.squares = make([]float32, p.len())
		parallel.Ranges(p.len(), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				long := length(p.row(i))
				x.squares[i] = float32(long * long)
			}
		})
	}
	return x, nil
}

// Len is the number of vectors.
func (x *Exact) Len() int { return x.len() }

// Nearest finds for each probe the k vectors nearest to it, all when there are fewer, nearest first and equally near ones by row, as
// comparing one by one finds them. Vectors at a distance that is not a number are left out. It fails on a k below 1, on probes of
// another length or with numbers that are not finite, and when the context ends.
func (x *Exact) Nearest(ctx context.Context, k int, probes ...[]float32) ([][]distance.Neighbour, error) {
	if err := x.check(k, probes); err != nil {
		return nil, err
	}
	found := make([][]distance.Neighbour, len(probes))
	for lo := 0; lo < len(probes); lo += batch {
		hi := min(lo+batch, len(probes))
		if err := x.some(ctx, k, probes[lo:hi], found[lo:hi]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// some searches for up to batch probes, those that can be placed in one pass.
func (x *Exact) some(ctx context.Context, k int, probes [][]float32, found [][]distance.Neighbour) error {
	s := scan{x: x, k: min(k, x.len())}
	var which []int
	for i, probe := range probes {
		if q, ok := x.probe(probe); ok {
			s.probes, which = append(s.probes, q), append(which, i)
			continue
		}
		var err error
		if found[i], err = x.oneByOne(ctx, k, probe); err != nil {
			return err
		}
	}
	if len(which) == 0 || s.k == 0 {
		return ctx.Err()
	}
	kept := s.run(ctx)
	parallel.Ranges(len(which), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			found[which[i]] = x.ranked(probes[which[i]], k, kept[i])
		}
	})
	return ctx.Err()
}

// scan is one pass over the rows for some probes.
type scan struct {
	x       *Exact
	k       int
	probes  [][]float32
	product *kernel.Gemm // of a block of rows with the probes; nil where they are few
	packed  []float32    // −2 times the probes
}

// run gives the candidates of each probe.
func (s *scan) run(ctx context.Context) [][]int32 {
	if len(s.probes) >= worthBatch {
		s.pack()
	}
	n := s.x.len()
	blocks := (n + blockRows - 1) / blockRows
	var next atomic.Int64
	var mu sync.Mutex
	parts := make([][]*collector, len(s.probes))
	parallel.Ranges(blocks, func(int, int) { // each core takes the next block, and the next
		w := s.worker()
		for b := int(next.Add(1)) - 1; b < blocks && ctx.Err() == nil; b = int(next.Add(1)) - 1 {
			w.block(b*blockRows, min((b+1)*blockRows, n))
		}
		mu.Lock()
		defer mu.Unlock()
		for i, c := range w.collectors {
			parts[i] = append(parts[i], c)
		}
	})
	kept := make([][]int32, len(parts))
	for i, part := range parts {
		kept[i] = merged(part)
	}
	return kept
}

// pack prepares the product.
func (s *scan) pack() {
	width := s.x.width
	flat := make([]float32, 0, len(s.probes)*width)
	for _, q := range s.probes {
		for _, v := range q {
			flat = append(flat, -2*v)
		}
	}
	s.product = s.shape(blockRows)
	s.packed = make([]float32, s.product.PackSize())
	s.product.Pack(s.packed, flat, 0, s.product.PackUnits())
}

func (s *scan) shape(rows int) *kernel.Gemm {
	return kernel.NewGemm(kernel.GemmShape{M: rows, N: len(s.probes), K: s.x.width, TransB: true})
}

// worker is what one goroutine of a scan needs.
type worker struct {
	*scan
	collectors []*collector
	at         []int32   // 0, 1, 2, …
	values     []float32 // [rows] of one probe, or [rows, probes]
	least      []float32
	space      kernel.Workspace
}

func (s *scan) worker() *worker {
	w := &worker{
		scan: s, at: make([]int32, blockRows), least: make([]float32, len(s.probes)),
		values: make([]float32, blockRows*len(s.probes)+kernel.RowsTogether),
	}
	for i := range w.at {
		w.at[i] = int32(i)
	}
	for _, q := range s.probes {
		widen := s.x.aroundSquare(length(q))
		if s.product != nil {
			widen = s.x.aroundProduct(length(q))
		}
		w.collectors = append(w.collectors, newCollector(s.k, widen))
	}
	return w
}

// block compares rows lo to hi-1 with the probes.
func (w *worker) block(lo, hi int) {
	if w.product != nil {
		w.multiply(lo, hi)
		return
	}
	n := hi - lo
	full := n / kernel.RowsTogether * kernel.RowsTogether
	at, rows := w.at[:full], w.x.rows[lo*w.x.width:hi*w.x.width]
	var rest [kernel.RowsTogether]int32 // the last rows, and the last of all again
	for i := range rest {
		rest[i] = int32(min(full+i, n-1))
	}
	for i, q := range w.probes {
		kernel.SquaredAt(w.values[:full], q, rows, at)
		if full < n {
			kernel.SquaredAt(w.values[full:full+len(rest)], q, rows, rest[:])
		}
		w.collectors[i].take(w.values[:n], lo)
	}
}

// take adds the values of rows from first on.
func (c *collector) take(values []float32, first int) {
	for i, v := range values {
		if v <= c.limit {
			c.add(v, int32(first+i))
		}
	}
}

// multiply computes |r|² − 2·q·r of all rows and probes, and looks at the rows that may be near.
func (w *worker) multiply(lo, hi int) {
	product, m := w.product, len(w.probes)
	if hi-lo != blockRows {
		product = w.shape(hi - lo)
	}
	values := w.values[:(hi-lo)*m]
	product.Run(values, w.x.rows[lo*w.x.width:hi*w.x.width], w.packed, nil, 0, product.Units(), &w.space)
	for from := lo; from < hi; from += leastRows {
		squares := w.x.squares[from:min(from+leastRows, hi)]
		some := values[(from-lo)*m:][:len(squares)*m]
		kernel.LeastSums(w.least, some, squares)
		for i, least := range w.least {
			if c := w.collectors[i]; least <= c.limit {
				for r, square := range squares {
					if v := square + some[r*m+i]; v <= c.limit {
						c.add(v, int32(from+r))
					}
				}
			}
		}
	}
}

// ulp is the relative error of rounding to float32.
const ulp = 1.0 / (1 << 24)

// aroundSquare widens squared distances of a probe, computed as sums of squares of differences, by twice their error: points are off
// by their own rounding, sums by as many units as they have terms, and Of is taken as rounded too.
func (p *points) aroundSquare(probe float64) func(value float64) float64 {
	terms, off := float64(p.width+8)*ulp, 2*ulp*(probe+p.longest)
	return func(v float64) float64 {
		return v + 2*(terms*v+2*off*math.Sqrt(max(v, 0))+off*off) + 1e-37
	}
}

// aroundProduct is the same for |r|² − 2·q·r, whose error grows with the squares of the lengths.
func (p *points) aroundProduct(probe float64) func(value float64) float64 {
	reach := probe + p.longest
	slack := 2*ulp*reach*reach*float64(p.width+16) + 1e-37
	return func(v float64) float64 { return v + slack }
}
