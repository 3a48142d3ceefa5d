package track

import (
	"math"

	"github.com/siam-go/siam/dataset/mot"
)

// Memory says what of its appearance a track remembers.
type Memory struct {
	Size int // embeddings kept; 0 keeps none, and then embeddings are not used
	// Hidden is the part of a box that others in front may cover for its embedding to be used; 0 means any.
	Hidden float64
	// Score is the least score of a detection whose embedding is remembered.
	Score float64
}

// memory is the embeddings of a track, of length 1, in turn over the oldest.
type memory struct {
	rows [][]float32
	next int
	sum  float64 // of the scores
}

// keep remembers an embedding of length 1.
func (m *memory) keep(e []float32, size int) {
	if len(m.rows) < size {
		m.rows = append(m.rows, e)
		return
	}
	m.rows[m.next] = e
	m.next = (m.next + 1) % size
}

// distance is 1 − cosine to the nearest remembered one; NaN where there is none of this length.
func (m *memory) distance(e []float32) float64 {
	best := float32(-2)
	for _, row := range m.rows {
		if len(row) == len(e) {
			best = max(best, dot(row, e))
		}
	}
	if best < -1.5 {
		return math.NaN()
	}
	return max(1-float64(best), 0)
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	n := len(a) &^ 3
	b = b[:len(a)]
	for i := 0; i < n; i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for i := n; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// unit is e at length 1, or nil where that cannot be: an embedding with a number that is not finite, or of zeros.
func unit(e []float32) []float32 {
	sum := 0.0
	for _, v := range e {
		sum += float64(v) * float64(v)
	}
	if !(sum > 1e-20) || math.IsInf(sum, 0) {
		return nil
	}
	out := make([]float32, len(e))
	for i, v := range e {
		out[i] = float32(float64(v) / math.Sqrt(sum))
	}
	return out
}

// clear reports whether a box is seen well enough among others for its embedding to be used.
func (m Memory) clear(box mot.Box, others []mot.Box) bool {
	return m.Hidden <= 0 || hidden(box, others) <= m.Hidden
}

// hidden is how much of a box others cover that stand in front: whose lower edge is lower in the picture.
func hidden(box mot.Box, others []mot.Box) float64 {
	most := 0.0
	for _, o := range others {
		if o.Y+o.H > box.Y+box.H {
			most = max(most, box.Overlap(o)/box.Area())
		}
	}
	return most
}
