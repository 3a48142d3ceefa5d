package onnx

import "math"

// weights is the matrix [to, from] that stretches an axis, and which of its rows lie outside the image, nil when that does not
// matter.
func (r resizing) weights(s stretch) (weights []float32, outside []bool) {
	weights = make([]float32, s.to*s.from)
	if r.coordinates == "tf_crop_and_resize" {
		outside = make([]bool, s.to)
	}
	for i := range s.to {
		at, row := r.place(s, i), weights[i*s.from:(i+1)*s.from]
		if s.scale == 1 && s.from == s.to {
			at = float32(i)
		}
		if outside != nil {
			outside[i] = at < 0 || at > float32(s.from-1)
		}
		switch {
		case r.mode == "nearest":
			row[min(max(r.nearest(at, s.scale), 0), s.from-1)] = 1
		case r.smooth && (r.mode == "linear" || r.mode == "cubic"):
			r.smoothed(row, at, s.scale)
		case r.mode == "linear":
			at = min(max(at, 0), float32(s.from-1))
			low := int(at)
			row[low] += 1 - (at - float32(low))
			row[min(low+1, s.from-1)] += at - float32(low)
		case r.mode == "cubic":
			r.cubicWeights(row, at)
		default:
			fail("mode %q is not supported", r.mode)
		}
	}
	return weights, outside
}

// nearest is the pixel nearest to a place.
func (r resizing) nearest(at, scale float32) int {
	x := float64(at)
	switch r.rounding {
	case "simple": // as it was before there was a choice
		if scale < 1 {
			return int(math.Ceil(x))
		}
		return int(x)
	case "round_prefer_floor":
		if x == math.Trunc(x)+0.5 {
			return int(math.Floor(x))
		}
		return int(math.Round(x))
	case "round_prefer_ceil":
		return int(math.Round(x))
	case "floor":
		return int(math.Floor(x))
	case "ceil":
		return int(math.Ceil(x))
	}
	fail("nearest_mode %q is not supported", r.rounding)
	return 0
}

// kernel is the weight of a pixel at a distance, in pixels: a tent, or cubic pieces that reach twice as far.
func (r resizing) kernel(x float32) float32 {
	x = float32(math.Abs(float64(x)))
	a := r.cubic
	switch {
	case r.mode == "linear":
		return max(0, 1-x)
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}

// cubicWeights are those of the four pixels around a place.
func (r resizing) cubicWeights(row []float32, at float32) {
	first := int(math.Floor(float64(at))) - 1
	r.spread(row, first, first+4, func(i int) float32 { return r.kernel(float32(i) - at) })
}

// smoothed widens the kernel by as much as the axis shrinks, so that every pixel counts.
func (r resizing) smoothed(row []float32, at, scale float32) {
	reach, wide := float32(1), max(1, 1/scale)
	if r.mode == "cubic" {
		reach = 2
	}
	centre := float64(at + 0.5)
	first := int(math.Floor(centre - float64(reach*wide) + 0.5))
	last := int(math.Floor(centre + float64(reach*wide) + 0.5))
	r.spread(row, first, last, func(i int) float32 { return r.kernel((float32(i) - at) / wide) })
}

// spread shares a weight of 1 among the pixels from first to before last. Those outside the image weigh nothing, or count as its
// edge.
func (r resizing) spread(row []float32, first, last int, weight func(i int) float32) {
	total := float32(0)
	add := func(i int, w float32) {
		row[i] += w
		total += w
	}
	for i := first; i < last; i++ {
		inside := min(max(i, 0), len(row)-1)
		if inside == i || !r.exclude {
			add(inside, weight(i))
		}
	}
	if total == 0 {
		return
	}
	for i := range row {
		row[i] /= total
	}
}
