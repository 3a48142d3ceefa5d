// Package nearest compares many vectors with many others, by the matrix product that [kernel] has.
package nearest

import (
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// Block is how many queries share one pass over the references.
const Block = 48

// Squared orders references [n][d] by their squared Euclidean distance to queries [m][d]. It is safe for use by several
// goroutines.
type Squared struct {
	queries           []float32 // [m, d], m rounded up to a multiple of Block
	packed            []float32
	minusTwo, squares []float32 // of each reference
	product           *kernel.Gemm
	d                 int
}

// NewSquared prepares the comparison. Both sets are moved so that the references' mean is 0, which keeps float32 rounding
// small. There must be a reference, and all vectors must be as long as the first.
func NewSquared(queries, references [][]float32) *Squared {
	n, d := len(references), len(references[0])
	mean := make([]float64, d)
	for _, row := range references {
		for i, v := range row {
			mean[i] += float64(v) / float64(n)
		}
	}
	s := &Squared{
		queries: centred(queries, mean, (len(queries)+Block-1)/Block*Block), d: d,
		minusTwo: make([]float32, n), squares: make([]float32, n),
		product: kernel.NewGemm(kernel.GemmShape{M: Block, N: n, K: d, TransB: true}),
	}
	r := centred(references, mean, n)
	for row := range s.squares {
		s.minusTwo[row] = -2
		for _, v := range r[row*d : (row+1)*d] {
			s.squares[row] += v * v
		}
	}
	s.packed = make([]float32, s.product.PackSize())
	parallel.Ranges(s.product.PackUnits(), func(lo, hi int) { s.product.Pack(s.packed, r, lo, hi) })
	return s
}

// Rows writes what orders the references for queries first to first+Block-1 into dst, [Block, n]: the distance less the squared
// length of the query, which is the same for all its references,
//
//	|r|² − 2·q·r
//
// Rows past the last query are of no use. first must be a multiple of Block.
func (s *Squared) Rows(dst []float32, first int) {
	epilogue := kernel.Epilogue{Scale: s.minusTwo, Shift: s.squares}
	s.product.Run(dst, s.queries[first*s.d:(first+Block)*s.d], s.packed, &epilogue, 0, s.product.Units(), &kernel.Workspace{})
}

// Length2 is the squared length of a query, which makes what Rows writes a distance.
func (s *Squared) Length2(query int) float32 {
	var sum float32
	for _, v := range s.queries[query*s.d : (query+1)*s.d] {
		sum += v * v
	}
	return sum
}

// centred returns the vectors less mean, [rows, d], with rows of zeros at the end.
func centred(vectors [][]float32, mean []float64, rows int) []float32 {
	flat := make([]float32, 0, rows*len(mean))
	for _, row := range vectors {
		for i, v := range row {
			flat = append(flat, float32(float64(v)-mean[i]))
		}
	}
	return flat[:rows*len(mean)]
}
