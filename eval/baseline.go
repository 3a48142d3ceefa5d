package eval

import "math"

// Ink is the places of the dark pixels of a picture, arranged so that the nearest to any place is found quickly.
type Ink struct {
	h, w         int
	points       []inkPoint
	meanY, meanX float64
	// above and below, [h, w], are the rows of the nearest ink in the same column, this row included; absent where there
	// is none.
	above, below []int32
}

type inkPoint struct{ y, x float64 } // pixels from the corner

const absent = -1

// NewInk finds the ink of a grey picture, pix [h, w] row by row: values below 128. It panics when pix is not a whole number
// of rows.
func NewInk(pix []uint8, w int) *Ink {
	if w <= 0 || len(pix)%w != 0 {
		panic("eval: NewInk needs a whole number of rows")
	}
	k := &Ink{h: len(pix) / w, w: w, above: make([]int32, len(pix)), below: make([]int32, len(pix))}
	for i, v := range pix {
		k.above[i] = absent
		if v < 128 {
			y, x := i/w, i%w
			k.above[i] = int32(y)
			k.points = append(k.points, inkPoint{float64(y), float64(x)})
			k.meanY, k.meanX = k.meanY+float64(y), k.meanX+float64(x)
		} else if i >= w {
			k.above[i] = k.above[i-w]
		}
	}
	for i := len(pix) - 1; i >= 0; i-- {
		k.below[i] = absent
		if pix[i] < 128 {
			k.below[i] = int32(i / w)
		} else if i+w < len(pix) {
			k.below[i] = k.below[i+w]
		}
	}
	n := float64(max(len(k.points), 1))
	k.meanY, k.meanX = k.meanY/n, k.meanX/n
	return k
}

// ModifiedHausdorff moves the ink of both pictures so that its mean lies at 0 and returns the larger of the two mean
// distances from the points of one to the nearest of the other, in pixels (M. Dubuisson, A. K. Jain, "A modified Hausdorff
// distance for object matching", 1994):
//
//	max( mean_a min_b |a-b|, mean_b min_a |a-b| )
//
// On Lake's runs the nearest training item by it is wrong in 38.75 % of the trials, which checks a reader and the protocol.
// It is +Inf when a picture has no ink.
func ModifiedHausdorff(a, b *Ink) float32 {
	if len(a.points) == 0 || len(b.points) == 0 {
		return float32(math.Inf(1))
	}
	return float32(max(a.meanDistanceTo(b), b.meanDistanceTo(a)))
}

func (k *Ink) meanDistanceTo(other *Ink) float64 {
	sum := 0.0
	for _, p := range k.points {
		sum += math.Sqrt(other.nearest(p.y-k.meanY+other.meanY, p.x-k.meanX+other.meanX))
	}
	return sum / float64(len(k.points))
}

// nearest returns the squared distance from the place (y, x), which may lie outside the picture, to the nearest ink. It looks
// at column after column, away from the place on both sides, until columns alone are farther than what was found.
func (k *Ink) nearest(y, x float64) float64 {
	least := math.Inf(1)
	upper := min(max(int(math.Floor(y)), 0), k.h-1)
	lower := min(max(int(math.Ceil(y)), 0), k.h-1)
	above, below := k.above[upper*k.w:(upper+1)*k.w], k.below[lower*k.w:(lower+1)*k.w]
	look := func(column int) (more bool) {
		dx := float64(column) - x
		if dx*dx >= least {
			return false
		}
		for _, row := range [2]int32{above[column], below[column]} {
			if dy := float64(row) - y; row != absent && dx*dx+dy*dy < least {
				least = dx*dx + dy*dy
			}
		}
		return true
	}
	middle := min(max(int(x), 0), k.w-1)
	for column := middle; column >= 0 && look(column); column-- {
	}
	for column := middle + 1; column < k.w && look(column); column++ {
	}
	return least
}
