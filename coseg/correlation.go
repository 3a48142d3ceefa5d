// Package coseg segments what images share: two images in, or a group, and for each the mask of the objects of the classes that all
// show. A Siamese encoder makes feature maps, their mutual correlation says what of one is in the other, and a Siamese decoder makes
// of it a mask (W. Li, O. Hosseini Jafari, C. Rother, "Deep object co-segmentation", ACCV 2018).
package coseg

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Correlation compares every place of a feature map a with the places of b around it, up to maxDisplacement away:
//
//	c(y, x, k) = ⟨a(y, x), b(y+dy, x+dx)⟩ / channels,  k = (dy + r)·(2r + 1) + (dx + r),  r = maxDisplacement
//
// a and b are [n, h, w, c] and the result is [n, h, w, (2r+1)²], 0 where b has no such place. [MaxDisplacement] sees all of b.
// It panics when the shapes differ or r is negative.
//
// All inner products are one batched product of matrices, and the displacements a re-indexing of it, so that both have gradients.
func Correlation(a, b *Node, maxDisplacement int) *Node {
	if !a.Shape().Equal(b.Shape()) || a.Rank() != 4 || maxDisplacement < 0 {
		panic(fmt.Errorf("coseg: correlation of %s and %s up to %d places: want two equal [n, h, w, c]", a.Shape(), b.Shape(), maxDisplacement))
	}
	n, h, w, c := a.Shape().Dim(0), a.Shape().Dim(1), a.Shape().Dim(2), a.Shape().Dim(3)
	d := 2*maxDisplacement + 1
	products := Einsum("npc,nqc->npq", Reshape(a, n, h*w, c), Reshape(b, n, h*w, c))
	products = MulScalar(Reshape(products, n, h, w, h, w), 1/float64(c)) // y, x, v, u
	byColumn := byDisplacement(TransposeAllAxes(products, 0, 1, 3, 2, 4), maxDisplacement)
	byRow := byDisplacement(TransposeAllAxes(byColumn, 0, 3, 4, 1, 2), maxDisplacement) // x, dx, y, dy
	return Reshape(TransposeAllAxes(byRow, 0, 3, 1, 4, 2), n, h, w, d*d)
}

// MaxDisplacement is the one that sees all of a map with the longer side side: 2·(side−1)+1 channels a direction, as the authors have
// it (31 for 16). The lecture's D = 2·max(w, h)+1 is a maximum displacement of side itself, whose outermost channels are always 0.
func MaxDisplacement(side int) int { return side - 1 }

// byDisplacement re-indexes the last two axes [m, m], of places i and j, to [m, 2r+1], of places i and displacements j − i + r.
//
// With r zeros on both sides row i begins r places before it, so that in rows one longer the wanted ones stand below each other.
func byDisplacement(x *Node, r int) *Node {
	dims := x.Shape().Dimensions
	m, last := dims[len(dims)-1], len(dims)-1
	zeros := func(count int, rank int) *Node {
		shape := append([]int{}, dims[:rank-1]...)
		return Zeros(x.Graph(), shapeOf(x, append(shape, count)))
	}
	if r > 0 {
		side := zeros(r, last+1)
		x = Concatenate([]*Node{side, x, side}, last)
	}
	lead := append([]int{}, dims[:last-1]...)
	flat := Reshape(x, append(append([]int{}, lead...), m*(m+2*r))...)
	flat = Concatenate([]*Node{flat, zeros(m, last)}, last-1)
	rows := Reshape(flat, append(lead, m, m+2*r+1)...)
	return SliceAxis(rows, last, AxisRange(0, 2*r+1))
}
