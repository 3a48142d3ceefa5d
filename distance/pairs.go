package distance

import (
	"fmt"
	"math"
)

// Pairs compares n vectors with each other. It is safe for use by several goroutines.
type Pairs struct {
	index   *Index
	squares []float64 // |q|² of each vector as a query, where the squared Euclidean distance orders them; nil to compare one by one
	near    []float64 // squared distance below which rounding may show, of each vector
}

// showsAt is how many times the bound on its rounding a squared distance must be, for it to be taken as it is.
const showsAt = 64

// NewPairs prepares the comparison of vectors, which must not change afterwards. It fails like [NewIndex].
func NewPairs(d Distance, vectors [][]float32) (*Pairs, error) {
	index, err := NewIndex(d, vectors)
	if err != nil {
		return nil, err
	}
	p := &Pairs{index: index}
	if index.placed == nil || d.of == nil {
		return p, nil
	}
	at := index.placed.at(vectors, true)
	if longest(at) > longestPlaced {
		return p, nil
	}
	moved, width := index.placed.moved(at), len(index.placed.mean)
	p.squares, p.near = make([]float64, len(vectors)), make([]float64, len(vectors))
	for i, v := range vectors {
		q := moved[i*width : (i+1)*width]
		p.squares[i], p.near[i] = dot(q, q), showsAt*index.placed.slack(v)
	}
	return p, nil
}

// Len is the number of vectors.
func (p *Pairs) Len() int { return len(p.index.vectors) }

// Rows writes the distances of the vectors lo to hi-1 from all into dst, [hi-lo, n]: Distance.Of of the two, the one with the smaller
// index first, up to float32 rounding, with no more than a 64th of a distance in error. It starts no goroutine, and panics on a dst
// of another size.
func (p *Pairs) Rows(dst []float32, lo, hi int) {
	n := p.Len()
	if len(dst) != (hi-lo)*n {
		panic(fmt.Sprintf("distance: %d numbers for %d rows of %d, want %d", len(dst), hi-lo, n, (hi-lo)*n))
	}
	for ; lo < hi; lo += Block {
		block := min(Block, hi-lo)
		p.block(dst[:block*n], lo, lo+block)
		dst = dst[block*n:]
	}
}

func (p *Pairs) block(dst []float32, lo, hi int) {
	n := p.Len()
	if p.squares != nil {
		p.index.Rows(dst, p.index.vectors[lo:hi])
	}
	for i := lo; i < hi; i++ {
		row := dst[(i-lo)*n:][:n]
		for j := range row {
			if p.squares != nil {
				if square := p.squares[i] + float64(row[j]); square > p.near[i] {
					row[j] = p.index.distance.of(float32(square))
					continue
				}
			}
			row[j] = p.index.distance.Of(p.index.vectors[min(i, j)], p.index.vectors[max(i, j)])
		}
	}
}

// half is the cosine distance of two points on the unit sphere, of their squared distance.
func half(square float32) float32 { return square / 2 }

func squareRoot(square float32) float32 { return float32(math.Sqrt(float64(square))) }

func itself(square float32) float32 { return square }
