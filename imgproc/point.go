package imgproc

// Point is a place in an image, in pixels from its top left corner.
type Point struct{ X, Y float32 }

// Box is a rectangle in an image: its left and top side, width and height, in pixels.
type Box struct{ X, Y, W, H float32 }

// Area is W·H in pixels, 0 for a box without extent.
func (b Box) Area() float32 { return max(b.W, 0) * max(b.H, 0) }

// Scaled is the box in an image of times the size.
func (b Box) Scaled(times float32) Box {
	return Box{times * b.X, times * b.Y, times * b.W, times * b.H}
}

// IoU is the area that two boxes share over the area that they cover together, in [0, 1].
func (b Box) IoU(other Box) float32 {
	w := min(b.X+b.W, other.X+other.W) - max(b.X, other.X)
	h := min(b.Y+b.H, other.Y+other.H) - max(b.Y, other.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (b.Area() + other.Area() - w*h)
}

// box is the smallest upright one around b after a.
func (a Affine) box(b Box) Box {
	x, y, w, h := float64(b.X), float64(b.Y), float64(b.W), float64(b.H)
	left := a.XX*x + a.XY*y + a.X0 + min(0, a.XX*w) + min(0, a.XY*h)
	top := a.YX*x + a.YY*y + a.Y0 + min(0, a.YX*w) + min(0, a.YY*h)
	return Box{float32(left), float32(top), float32(abs(a.XX)*w + abs(a.XY)*h), float32(abs(a.YX)*w + abs(a.YY)*h)}
}

func abs(v float64) float64 { return max(v, -v) }

// outline is the smallest box around what move makes of the edges of b, at 33 points of each.
func outline(b Box, move func(Point) Point) Box {
	const parts = 32
	first := move(Point{b.X, b.Y})
	x0, y0, x1, y1 := first.X, first.Y, first.X, first.Y
	for i := range parts + 1 {
		x, y := b.X+b.W*float32(i)/parts, b.Y+b.H*float32(i)/parts
		for _, p := range []Point{{x, b.Y}, {x, b.Y + b.H}, {b.X, y}, {b.X + b.W, y}} {
			p = move(p)
			x0, y0, x1, y1 = min(x0, p.X), min(y0, p.Y), max(x1, p.X), max(y1, p.Y)
		}
	}
	return Box{x0, y0, x1 - x0, y1 - y0}
}
