package onnx

import (
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// resizing is how an axis of an image is stretched. Where ONNX's text leaves the arithmetic open it is ONNX Runtime's, in
// float32, so that ties fall as they do there.
type resizing struct {
	mode        string // nearest, linear or cubic
	coordinates string // from the new axis to the old
	rounding    string // of nearest
	cubic       float32
	exclude     bool    // what lies outside the image weighs nothing, instead of being like its edge
	smooth      bool    // antialias when an axis shrinks
	outside     float32 // what tf_crop_and_resize has there
}

// stretch is one axis.
type stretch struct {
	from, to   int
	scale      float32
	start, end float32 // of the region of interest, as parts of the axis
}

// resize enlarges by whole factors by repeating pixels where the node means that, and multiplies with a matrix of weights
// along each axis otherwise.
func resize(c *call) []value {
	x := c.operand(0)
	r := c.resizing()
	for i, s := range c.stretches(x.dims()) {
		if s.from == s.to && s.scale == 1 && r.coordinates != "tf_crop_and_resize" {
			continue
		}
		weights, outside := r.weights(s)
		if times := s.to / s.from; outside == nil && r.repeats(s, weights) {
			x = c.repeat(x, i, times)
			continue
		}
		x.node = c.along(x.node, x.axes[i], floatTensor([]int{s.to, s.from}, weights))
		if outside != nil {
			x.node = c.fillOutside(x, i, outside, r.outside)
		}
	}
	return []value{x}
}

// resizing reads the node's settings: Upsample and version 10 have none of those that came later.
func (c *call) resizing() resizing {
	r := resizing{mode: c.text("mode", "nearest"), coordinates: "asymmetric", rounding: "simple"}
	if r.mode == "bilinear" {
		r.mode = "linear"
	}
	if c.op == "Upsample" || c.model.opset < 11 {
		return r
	}
	r.coordinates = c.text("coordinate_transformation_mode", "half_pixel")
	r.rounding = c.text("nearest_mode", "round_prefer_floor")
	r.cubic, r.outside = c.float("cubic_coeff_a", -0.75), c.float("extrapolation_value", 0)
	r.exclude, r.smooth = c.integer("exclude_outside", 0) != 0, c.integer("antialias", 0) != 0
	return r
}

// stretches finds the new length and the scale of each axis. Version 10 and Upsample have the scales second, later versions a
// region of interest second, scales third, and the new lengths fourth.
func (c *call) stretches(dims []int) []stretch {
	all := make([]stretch, len(dims))
	for i, dim := range dims {
		all[i] = stretch{from: dim, to: dim, scale: 1, end: 1}
	}
	axes := c.integers("axes")
	if axes == nil {
		axes = identity(len(dims))
	}
	axes = axesOf(axes, len(dims))
	at := 2
	if c.op == "Upsample" || c.model.opset < 11 {
		at = 1
	}
	if at == 2 && c.text("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
		region := c.known(1).Float32s()
		for i, axis := range axes {
			all[axis].start, all[axis].end = region[i], region[len(axes)+i]
		}
	}
	if sizes := c.numbers(3); len(sizes) > 0 {
		c.toSizes(all, axes, sizes)
	} else {
		scales := c.numbers(at)
		if scales == nil {
			scales = c.attributes["scales"].floats
		}
		toScales(all, axes, scales)
		c.checkCorners(all)
	}
	for _, s := range all {
		if s.to < 1 || s.to > maxSide && s.to != s.from || !(s.scale > 0) {
			fail("new length %d of an axis of %d", s.to, s.from)
		}
	}
	return all
}

// numbers are those of an input that must be known, nil when it was left out.
func (c *call) numbers(i int) []float32 {
	if !c.has(i) {
		return nil
	}
	return c.known(i).Float32s()
}

func toScales(all []stretch, axes []int, scales []float32) {
	if len(scales) != len(axes) {
		fail("%d scales for %d axes", len(scales), len(axes))
	}
	for i, axis := range axes {
		s := &all[axis]
		s.scale = scales[i]
		s.to = int(s.scale * float32(s.from))
	}
}

// checkCorners refuses scales that do not give whole lengths where corners are aligned: ONNX's own tests divide by the length
// before it is rounded, ONNX Runtime by the one after.
func (c *call) checkCorners(all []stretch) {
	for _, s := range all {
		if exact := s.scale * float32(s.from); c.text("coordinate_transformation_mode", "") == "align_corners" && exact != float32(s.to) {
			fail("align_corners with %v times an axis of %d is understood in two ways: export the network with the new size instead", s.scale, s.from)
		}
	}
}

// toSizes takes new lengths, or with a policy the shape that keeps the image's own and just fits in or around them.
func (c *call) toSizes(all []stretch, axes []int, sizes []float32) {
	if len(sizes) != len(axes) {
		fail("%d new lengths for %d axes", len(sizes), len(axes))
	}
	common := float32(math.NaN())
	policy := c.text("keep_aspect_ratio_policy", "stretch")
	for i, axis := range axes {
		s := &all[axis]
		s.to, s.scale = int(sizes[i]), sizes[i]/float32(s.from)
		if common != common || policy == "not_larger" && s.scale < common || policy == "not_smaller" && s.scale > common {
			common = s.scale
		}
	}
	switch policy {
	case "stretch":
	case "not_larger", "not_smaller":
		for _, axis := range axes {
			s := &all[axis]
			s.scale, s.to = common, int(math.Round(float64(common*float32(s.from))))
		}
	default:
		fail("keep_aspect_ratio_policy %q is not supported", policy)
	}
}

// place is where element i of the new axis lies in the old one.
func (r resizing) place(s stretch, i int) float32 {
	at, from, to := float32(i), float32(s.from), float32(s.to)
	switch r.coordinates {
	case "asymmetric":
		return at / s.scale
	case "half_pixel":
		return (at+0.5)/s.scale - 0.5
	case "half_pixel_symmetric":
		middle := from / 2
		return middle*(1-to/(s.scale*from)) + (at+0.5)/s.scale - 0.5
	case "pytorch_half_pixel":
		if s.to > 1 {
			return (at+0.5)/s.scale - 0.5
		}
		return 0
	case "tf_half_pixel_for_nn":
		return (at + 0.5) / s.scale
	case "align_corners":
		if s.to > 1 {
			return at * (from - 1) / (to - 1)
		}
		return 0
	case "tf_crop_and_resize":
		if s.to > 1 {
			return s.start*(from-1) + at*(s.end-s.start)*(from-1)/(to-1)
		}
		return 0.5 * (s.start + s.end) * (from - 1)
	}
	fail("coordinate_transformation_mode %q is not supported", r.coordinates)
	return 0
}

// repeats says whether weights mean that every element is repeated equally often.
func (r resizing) repeats(s stretch, weights []float32) bool {
	if r.mode != "nearest" || s.to%s.from != 0 {
		return false
	}
	for i := range s.to {
		if weights[i*s.from+i/(s.to/s.from)] != 1 {
			return false
		}
	}
	return true
}

// repeat writes every element along ONNX's axis i so many times.
func (b *builder) repeat(x value, i, times int) value {
	shape := x.dims()
	full := slices.Insert(slices.Clone(shape), i+1, times)
	x = b.expanded(b.reshape(x, slices.Insert(slices.Clone(shape), i+1, 1)), full)
	shape[i] *= times
	return b.reshape(x, shape)
}

// along multiplies an axis of x with a matrix [to, from].
func (b *builder) along(x *Node, axis int, matrix *Tensor) *Node {
	y := DotGeneral(x, []int{axis}, nil, b.constant(matrix), []int{1}, nil) // the new axis comes last
	order := identity(x.Rank() - 1)
	order = append(order[:axis:axis], append([]int{x.Rank() - 1}, order[axis:]...)...)
	return TransposeAllAxes(y, order...)
}

// fillOutside puts a number wherever an axis has one of places.
func (b *builder) fillOutside(x value, i int, places []bool, number float32) *Node {
	mask := make([]int64, len(places))
	for at, outside := range places {
		if outside {
			mask[at] = 1
		}
	}
	shape := ones(x.rank())
	shape[i] = len(mask)
	full := b.expanded(value{known: intTensor(Bool, shape, mask)}, x.dims())
	return Where(b.arrange(full, x.axes), Scalar(b.graph(), x.node.DType(), number), x.node)
}
