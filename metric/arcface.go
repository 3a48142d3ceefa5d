package metric

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// ArcFace is [NormalizedSoftmax] with margin, in radians, added to the angle to the own class (Deng et al. 2019, equation 3).
// Where that passes π it goes on as a straight line, so that the loss still grows with the angle. It needs the cosine
// distance; the paper has margin 0.5 and scale 64.
func ArcFace(margin, scale float64) Loss {
	return classLoss("arcface", scale, func(d *Node) *Node {
		cosine := OneMinus(d)
		sine := Sqrt(MaxScalar(OneMinus(Square(cosine)), 1e-6)) // its derivative is infinite at 0
		wider := Sub(MulScalar(cosine, math.Cos(margin)), MulScalar(sine, math.Sin(margin)))
		line := AddScalar(cosine, -margin*math.Sin(margin))
		fits := LogicalNot(atMost(cosine, -math.Cos(margin)))
		return OneMinus(Where(fits, wider, line))
	})
}

// SubCenters gives every class k proxies, of which the nearest to an embedding counts (Deng et al. 2020, "Sub-center
// ArcFace"): wrongly labelled examples gather around a proxy of their own. The loss is one of proxies, such as
// [ArcFace]; the paper has k 3.
func SubCenters(loss Loss, k int) Loss {
	loss.Name = "sub_center_" + loss.Name
	loss.Centers = k
	loss.Pool = func(distances *Node) *Node { return ReduceMin(distances, -1) }
	return loss
}
