package onnx

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// sampling is how an image is read at places between its pixels.
type sampling struct {
	mode, padding string
	corners       bool // places −1 and 1 are the centres of the outer pixels, not their edges
	size          int  // of the axis, pixels
}

// tap is one pixel along an axis for every place: its number, as float32, and its weight.
type tap struct{ at, weight *Node }

// gridSample reads images [n, c, h, w] at the places [n, oh, ow, (x, y)] of a grid, −1 to 1 being the image.
func gridSample(c *call) []value {
	x, grid := c.operand(0), c.ordered(c.operand(1))
	if x.rank() != 4 || grid.Rank() != 4 {
		fail("images of shape %v at places of shape %v: only images with height and width are supported", x.dims(), c.arg(1).dims())
	}
	s := sampling{mode: c.text("mode", "linear"), padding: c.text("padding_mode", "zeros"), corners: c.integer("align_corners", 0) != 0}
	n, h, w := x.dims()[0], x.dims()[2], x.dims()[3]
	channels := x.dims()[1]
	pixels := Reshape(c.arrange(x, channelsLast(4)), n*h*w, channels)
	var sum *Node
	columns, rows := s.along(grid, 0, w), s.along(grid, 1, h)
	image := Iota(c.graph(), shapes.Make(dtypes.Int64, grid.Shape().Dimensions[:3]...), 0)
	for _, row := range rows {
		for _, column := range columns {
			place := Add(MulScalar(image, h*w), Add(MulScalar(ConvertDType(row.at, dtypes.Int64), w), ConvertDType(column.at, dtypes.Int64)))
			part := Mul(Gather(pixels, InsertAxes(place, -1)), InsertAxes(Mul(row.weight, column.weight), -1))
			if sum == nil {
				sum = part
			} else {
				sum = Add(sum, part)
			}
		}
	}
	return []value{{node: sum, axes: channelsLast(4)}}
}

// along are the pixels that count along the axis that the grid has as its i-th number.
func (s sampling) along(grid *Node, i, size int) []tap {
	s.size = size
	g := Squeeze(Slice(grid, AxisRange().Spacer(), AxisElem(i)), -1)
	at := MulScalar(OnePlus(g), float64(size-1)/2)
	if !s.corners {
		at = MulScalar(MinusOne(MulScalar(OnePlus(g), size)), 0.5)
	}
	switch s.mode {
	case "nearest":
		return []tap{s.tap(Round(s.inside(at)), OnesLike(at))}
	case "linear", "bilinear":
		at = s.inside(at)
		low := Floor(at)
		return []tap{s.tap(low, OneMinus(Sub(at, low))), s.tap(OnePlus(low), Sub(at, low))}
	case "cubic", "bicubic":
		low := Floor(at)
		var taps []tap
		for k := -1; k <= 2; k++ {
			pixel := AddScalar(low, k)
			taps = append(taps, s.tap(s.inside(pixel), cubicNode(Abs(Sub(at, pixel)), k == -1 || k == 2)))
		}
		return taps
	}
	fail("mode %q is not supported", s.mode)
	return nil
}

// cubicNode is the weight of a pixel at a distance below 1, or if far from 1 to 2, with the constant −0.75.
func cubicNode(x *Node, far bool) *Node {
	const a = -0.75
	if far {
		return SubScalar(Mul(AddScalar(Mul(SubScalar(MulScalar(x, a), 5*a), x), 8*a), x), 4*a)
	}
	return OnePlus(Mul(Mul(SubScalar(MulScalar(x, a+2), a+3), x), x))
}

// tap gives pixels outside the image no weight, where they are padded with zeros.
func (s sampling) tap(at, weight *Node) tap {
	inside := clampTo(at, 0, float64(s.size-1))
	if s.padding == "zeros" {
		weight = Where(Equal(at, inside), weight, zero(weight))
	}
	return tap{inside, weight}
}

// inside moves places outside the image to its edge or mirrors them, as the padding says.
func (s sampling) inside(at *Node) *Node {
	switch s.padding {
	case "zeros":
		return at
	case "border":
		return clampTo(at, 0, float64(s.size-1))
	case "reflection":
		low, span := -0.5, float64(s.size)
		if s.corners {
			low, span = 0, float64(s.size-1)
		}
		if span == 0 {
			return ZerosLike(at)
		}
		from := Abs(SubScalar(at, low))
		turns := Floor(DivScalar(from, span))
		rest := Sub(from, MulScalar(turns, span))
		odd := NotEqual(turns, MulScalar(Floor(DivScalar(turns, 2)), 2))
		return AddScalar(Where(odd, Neg(SubScalar(rest, span)), rest), low)
	}
	fail("padding_mode %q is not supported", s.padding)
	return nil
}
