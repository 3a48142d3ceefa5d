package eval

import (
	"fmt"
	"math"
)

// Structure is the structure measure of a map of probabilities [h·w] against a true mask (D.-P. Fan et al., "Structure-measure: a new way to
// evaluate foreground maps", ICCV 2017), in [0, 1]:
//
//	S = max(0, ½·S_object + ½·S_region)
//
// as the authors' code has it: a mask without any object gives 1 less the mean of the map, one that is all object the mean. Pixels that are
// neither 0 nor 255 in the mask count as background of which the map says so too. It panics when the lengths differ.
func Structure(probability []float32, truth []uint8, h, w int) float64 {
	if len(probability) != h*w || len(truth) != h*w {
		panic(fmt.Sprintf("eval: map of %d pixels and mask of %d for %d×%d", len(probability), len(truth), h, w))
	}
	s := structure{h: h, w: w, p: make([]float64, h*w), y: make([]float64, h*w)}
	var objects, sum float64
	for i, t := range truth {
		if t == 0 || t == 255 {
			s.p[i], s.y[i] = float64(min(max(probability[i], 0), 1)), float64(t)/255
			objects, sum = objects+s.y[i], sum+s.p[i]
		}
	}
	n := float64(h * w)
	switch objects {
	case 0:
		return 1 - sum/max(n, 1)
	case n:
		return sum / n
	}
	return max(0, 0.5*s.object(objects/n)+0.5*s.region(objects))
}

// structure is a map p and a mask y, both in [0, 1].
type structure struct {
	h, w int
	p, y []float64
}

// tiny keeps quotients finite, as in the authors' code.
const tiny = 2.220446049250313e-16

// object is how even the map is on the object and beside it, where its inverse counts, by their parts of the image (equations 4 to 7).
func (s structure) object(share float64) float64 {
	part := func(of func(i int) (value float64, counts bool)) float64 {
		var values []float64
		mean := 0.0
		for i := range s.p {
			if v, counts := of(i); counts {
				values, mean = append(values, v), mean+v
			}
		}
		n := float64(len(values))
		mean /= n
		square := 0.0
		for _, v := range values {
			square += (v - mean) * (v - mean)
		}
		return 2 * mean / (mean*mean + 1 + math.Sqrt(square/max(n-1, 1)) + tiny)
	}
	on := part(func(i int) (float64, bool) { return s.p[i], s.y[i] == 1 })
	beside := part(func(i int) (float64, bool) { return 1 - s.p[i], s.y[i] == 0 })
	return share*on + (1-share)*beside
}

// region is the mean similarity of the four blocks around the object's centre, by their areas (equations 1 to 3).
func (s structure) region(objects float64) float64 {
	var cx, cy float64
	for i, y := range s.y {
		cx, cy = cx+y*float64(i%s.w), cy+y*float64(i/s.w)
	}
	x, y := int(math.RoundToEven(cx/objects))+1, int(math.RoundToEven(cy/objects))+1
	sum := 0.0
	for _, b := range [][4]int{{0, 0, x, y}, {x, 0, s.w, y}, {0, y, x, s.h}, {x, y, s.w, s.h}} {
		if area := (b[2] - b[0]) * (b[3] - b[1]); area > 0 {
			sum += float64(area) / float64(s.h*s.w) * s.similarity(b)
		}
	}
	return sum
}

// similarity is the SSIM of a block from (left, top) up to (right, bottom).
func (s structure) similarity(block [4]int) float64 {
	var n, mp, my float64
	each := func(use func(i int)) {
		for y := block[1]; y < block[3]; y++ {
			for x := block[0]; x < block[2]; x++ {
				use(y*s.w + x)
			}
		}
	}
	each(func(i int) { n, mp, my = n+1, mp+s.p[i], my+s.y[i] })
	mp, my = mp/n, my/n
	var pp, yy, py float64
	each(func(i int) {
		pp, yy, py = pp+(s.p[i]-mp)*(s.p[i]-mp), yy+(s.y[i]-my)*(s.y[i]-my), py+(s.p[i]-mp)*(s.y[i]-my)
	})
	free := n - 1 + tiny
	pp, yy, py = pp/free, yy/free, py/free
	alpha, beta := 4*mp*my*py, (mp*mp+my*my)*(pp+yy)
	switch {
	case alpha != 0:
		return alpha / (beta + tiny)
	case beta == 0:
		return 1
	}
	return 0
}
