// Package coseg segments what images share: two images in, or a group, and for each the mask of the objects of the classes that all
// show. A Siamese encoder makes feature maps, their mutual correlation says what of one is in the other, and a Siamese decoder makes
// of it a mask (W. Li, O. Hosseini Jafari, C. Rother, "Deep object co-segmentation", ACCV 2018).
package coseg

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/encoder"
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
	x := Einsum("npc,nqc->npq", Reshape(a, n, h*w, c), Reshape(b, n, h*w, c))
	x = MulScalar(Reshape(x, n, h, w, h, w), 1/float64(c)) // y, x, v, u
	x = encoder.Padded(x, 4, 0, w-1)
	x = earlier(Reshape(x, n*h, w, -1), 1)
	x = encoder.Padded(Reshape(x, n, h, w, h, 2*w-1), 3, 0, h-1)
	x = earlier(Reshape(x, n, h, -1), 2*w-1)
	x = Reshape(x, n, h, w, 2*h-1, 2*w-1) // y, x, dy, dx
	x = upTo(upTo(x, 3, maxDisplacement), 4, maxDisplacement)
	return Reshape(x, n, h, w, -1)
}

// MaxDisplacement is the one that sees all of a map with the longer side side: 2·(side−1)+1 channels a direction, as the authors have
// it (31 for 16). The lecture's D = 2·max(w, h)+1 is a maximum displacement of side itself, whose outermost channels are always 0.
func MaxDisplacement(side int) int { return side - 1 }

// earlier re-indexes x [n, m, k] so that, counted over all of a row of m·k numbers, those of its part i come (m−1−i)·step places later
// than they did, and the first (m−1)·step are 0. The last step numbers of a part are 0 and give way.
//
// So what was at place j of part i is at j − i·step + (m−1)·step: places have become displacements.
func earlier(x *Node, step int) *Node {
	n, m, k := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	if m == 1 {
		return x
	}
	x = Reshape(SliceAxis(x, 2, AxisRange(0, k-step)), n, m*(k-step))
	return Reshape(encoder.Padded(x, 1, (m-1)*step, step), n, m, k)
}

// upTo has, of an axis of displacements from −m to m, those from −r to r.
func upTo(x *Node, axis, r int) *Node {
	m := x.Shape().Dim(axis) / 2
	if r < m {
		return SliceAxis(x, axis, AxisRange(m-r, m+r+1))
	}
	return encoder.Padded(x, axis, r-m, r-m)
}
