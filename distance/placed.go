package distance

import (
	"math"

	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// placed is vectors r where the squared Euclidean distance orders them, ready for matrix products with queries q. All are moved
// so that the mean of r is 0, which keeps float32 rounding small.
type placed struct {
	place             func(v []float32, query bool) []float32
	mean              []float64
	packed            []float32
	minusTwo, squares []float32 // −2 and |r|² of each vector
	longest, reach    float64   // the largest |r| before and after the move
}

// longestPlaced bounds |q| and |r|, so that no square overflows.
const longestPlaced = 1e17

// newPlaced is nil for vectors that are too long.
func newPlaced(place func(v []float32, query bool) []float32, vectors [][]float32) *placed {
	n := len(vectors)
	p := &placed{place: place, minusTwo: make([]float32, n), squares: make([]float32, n)}
	at := p.at(vectors, false)
	if p.longest = longest(at); p.longest > longestPlaced {
		return nil
	}
	p.mean = mean(at)
	r, d := p.moved(at), len(p.mean)
	for i := range p.squares {
		row := r[i*d : (i+1)*d]
		for _, v := range row {
			p.squares[i] += v * v
		}
		p.minusTwo[i] = -2
		p.reach = max(p.reach, length(row))
	}
	product := p.product(Block)
	p.packed = make([]float32, product.PackSize())
	parallel.Ranges(product.PackUnits(), func(lo, hi int) { product.Pack(p.packed, r, lo, hi) })
	return p
}

// rows writes for each query the squared distance less |q|², which is the same for all vectors:
//
//	|r|² − 2·q·r
//
// It is false, and dst of no use, when a query is too long.
func (p *placed) rows(dst []float32, queries [][]float32, split func(n int, work func(lo, hi int))) bool {
	at := p.at(queries, true)
	if longest(at) > longestPlaced {
		return false
	}
	q, product := p.moved(at), p.product(len(queries))
	epilogue := kernel.Epilogue{Scale: p.minusTwo, Shift: p.squares}
	split(product.Units(), func(lo, hi int) {
		product.Run(dst, q, p.packed, &epilogue, lo, hi, &kernel.Workspace{})
	})
	return true
}

// slack is how far what rows writes for a query may be off, by the usual bound on the rounding of sums of d products. Of that
// a distance makes of exact numbers is taken as rounded too.
func (p *placed) slack(query []float32) float64 {
	const u, least = 1.0 / (1 << 24), 1e-37 // of float32: half of what follows 1; about the least normal number
	at := p.at([][]float32{query}, true)
	reach, long := p.reach+length(p.moved(at)), p.longest+length(at[0])
	d := float64(len(p.mean))
	return u*reach*((d+8)*reach+4*long) + d*u*u*long*long + least
}

func (p *placed) product(queries int) *kernel.Gemm {
	return kernel.NewGemm(kernel.GemmShape{M: queries, N: len(p.squares), K: len(p.mean), TransB: true})
}

func (p *placed) at(vectors [][]float32, query bool) [][]float32 {
	at := make([][]float32, len(vectors))
	for i, v := range vectors {
		at[i] = p.place(v, query)
	}
	return at
}

// moved is the vectors less the mean, [n, d].
func (p *placed) moved(vectors [][]float32) []float32 {
	flat := make([]float32, 0, len(vectors)*len(p.mean))
	for _, row := range vectors {
		for i, v := range row {
			flat = append(flat, float32(float64(v)-p.mean[i]))
		}
	}
	return flat
}

func mean(vectors [][]float32) []float64 {
	mean := make([]float64, len(vectors[0]))
	for _, row := range vectors {
		for i, v := range row {
			mean[i] += float64(v) / float64(len(vectors))
		}
	}
	return mean
}

func longest(vectors [][]float32) float64 {
	most := 0.0
	for _, v := range vectors {
		most = max(most, length(v))
	}
	return most
}

func length(v []float32) float64 { return math.Sqrt(dot(v, v)) }
