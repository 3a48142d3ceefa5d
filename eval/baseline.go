package eval

import (
	"fmt"
	"math"
	"sort"
)

// InkPoint is the place of one dark pixel, in pixels from the mean of all of them.
type InkPoint struct{ Y, X float32 }

// CentredInk returns the places of the ink of a grey picture, pix [h, w] row by row with values below 128 as ink, minus
// their mean; in order of Y. It panics when pix is not a whole number of rows.
func CentredInk(pix []uint8, w int) []InkPoint {
	if w <= 0 || len(pix)%w != 0 {
		panic(fmt.Sprintf("eval: CentredInk of %d pixels by %d, want a whole number of rows", len(pix), w))
	}
	var points []InkPoint
	var sumY, sumX float64
	for i, v := range pix {
		if v < 128 {
			y, x := i/w, i%w
			sumY, sumX = sumY+float64(y), sumX+float64(x)
			points = append(points, InkPoint{float32(y), float32(x)})
		}
	}
	n := float64(max(len(points), 1))
	for i := range points {
		points[i].Y -= float32(sumY / n)
		points[i].X -= float32(sumX / n)
	}
	return points
}

// ModifiedHausdorff returns the larger of the two mean distances from the points of one set to the nearest of the other
// (M. Dubuisson, A. K. Jain, "A modified Hausdorff distance for object matching", 1994), in pixels:
//
//	max( mean_a min_b |a-b|, mean_b min_a |a-b| )
//
// Both sets must be in order of Y, as [CentredInk] gives them. On the centred ink of Lake's runs, the nearest training item by
// it is wrong in 38.75 % of the trials, which checks a reader and the protocol. It is +Inf when a set is empty.
func ModifiedHausdorff(a, b []InkPoint) float32 {
	if len(a) == 0 || len(b) == 0 {
		return float32(math.Inf(1))
	}
	return float32(max(meanNearest(a, b), meanNearest(b, a)))
}

// meanNearest returns the mean distance from the points of a to the nearest of b. The point nearest to the one before is a
// good first guess, and points of b whose rows alone are farther than the best so far need no look.
func meanNearest(a, b []InkPoint) float64 {
	sum, nearest := 0.0, 0
	for _, p := range a {
		least := squared(p, b[nearest])
		start := sort.Search(len(b), func(i int) bool { return b[i].Y >= p.Y })
		for i := start; i < len(b) && (b[i].Y-p.Y)*(b[i].Y-p.Y) < least; i++ {
			if d := squared(p, b[i]); d < least {
				nearest, least = i, d
			}
		}
		for i := start - 1; i >= 0 && (b[i].Y-p.Y)*(b[i].Y-p.Y) < least; i-- {
			if d := squared(p, b[i]); d < least {
				nearest, least = i, d
			}
		}
		sum += math.Sqrt(float64(least))
	}
	return sum / float64(len(a))
}

func squared(p, q InkPoint) float32 { return (p.Y-q.Y)*(p.Y-q.Y) + (p.X-q.X)*(p.X-q.X) }
