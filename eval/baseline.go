package eval

import "math"

// InkPoint is the place of one dark pixel, in pixels from the mean of all of them.
type InkPoint struct{ Y, X float32 }

// CentredInk returns the places of the ink of a grey picture, pix [h, w] row by row with values below 128 as ink, minus
// their mean. It panics when pix is not a whole number of rows.
func CentredInk(pix []uint8, w int) []InkPoint {
	if w <= 0 || len(pix)%w != 0 {
		panic("eval: CentredInk needs a whole number of rows")
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
// On the centred ink of Lake's runs, the nearest training item by it is wrong in 38.75 % of the trials, which checks a reader
// and the protocol. It is +Inf when a set is empty.
func ModifiedHausdorff(a, b []InkPoint) float32 {
	if len(a) == 0 || len(b) == 0 {
		return float32(math.Inf(1))
	}
	nearestA := make([]float32, len(b)) // squared distance from each b to its nearest a
	for j := range nearestA {
		nearestA[j] = math.MaxFloat32
	}
	sumA := 0.0
	for _, p := range a {
		nearestB := float32(math.MaxFloat32)
		for j, q := range b {
			dy, dx := p.Y-q.Y, p.X-q.X
			d := dy*dy + dx*dx
			if d < nearestB {
				nearestB = d
			}
			if d < nearestA[j] {
				nearestA[j] = d
			}
		}
		sumA += math.Sqrt(float64(nearestB))
	}
	sumB := 0.0
	for _, d := range nearestA {
		sumB += math.Sqrt(float64(d))
	}
	return float32(max(sumA/float64(len(a)), sumB/float64(len(b))))
}
