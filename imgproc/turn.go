package imgproc

import "image"

// Turn is one of the eight ways to lay an image down without resampling it: mirrored left to right or not, and then turned
// by quarters. Combine them as Mirror | TurnRight.
type Turn uint8

// The quarter turns go clockwise as seen on the screen, and Mirror, when it is there, comes before them.
const (
	Upright   Turn = 0
	TurnRight Turn = 1
	TurnHalf  Turn = 2
	TurnLeft  Turn = 3
	Mirror    Turn = 4
)

// String names the turn, such as "90" or "mirror+270"; Upright is "0".
func (t Turn) String() string {
	degrees := [...]string{"0", "90", "180", "270"}[t&3]
	if t&Mirror == 0 {
		return degrees
	}
	return "mirror+" + degrees
}

// Affine is the turn as a map about the centre, for images as high as wide.
func (t Turn) Affine() Affine {
	a := Identity()
	if t&Mirror != 0 {
		a = Scaling(-1, 1)
	}
	for range t & 3 {
		a = a.Then(Affine{XX: 0, XY: -1, YX: 1, YY: 0})
	}
	return a
}

// Then is t followed by u.
func (t Turn) Then(u Turn) Turn {
	quarters := t & 3
	if u&Mirror != 0 {
		quarters = 4 - quarters // a mirror after a turn is the opposite turn after a mirror
	}
	return (t^u)&Mirror | (quarters+u)&3
}

// swaps says whether t exchanges height and width.
func (t Turn) swaps() bool { return t&1 == 1 }

// inverse undoes t.
func (t Turn) inverse() Turn {
	if t&Mirror != 0 {
		return t
	}
	return (4 - t) & 3
}

// box is where t lays a part of an image of w×h pixels.
func (t Turn) box(part image.Rectangle, w, h int) image.Rectangle {
	if t&Mirror != 0 {
		part = image.Rect(w-part.Max.X, part.Min.Y, w-part.Min.X, part.Max.Y)
	}
	for range t & 3 {
		part = image.Rect(h-part.Max.Y, part.Min.X, h-part.Min.Y, part.Max.X)
		w, h = h, w
	}
	return part
}

// Turned is the image after t; quarter turns swap height and width. Upright shares its pixels.
func (m Image) Turned(t Turn) Image {
	if t&Mirror != 0 {
		m = m.mapped(m.H, m.W, func(y, x int) (int, int) { return y, m.W - 1 - x })
	}
	switch t & 3 {
	case TurnRight:
		return m.mapped(m.W, m.H, func(y, x int) (int, int) { return m.H - 1 - x, y })
	case TurnHalf:
		return m.mapped(m.H, m.W, func(y, x int) (int, int) { return m.H - 1 - y, m.W - 1 - x })
	case TurnLeft:
		return m.mapped(m.W, m.H, func(y, x int) (int, int) { return x, m.W - 1 - y })
	}
	return m
}

// mapped builds an h×w image whose pixel (y, x) comes from the one that from names.
func (m Image) mapped(h, w int, from func(y, x int) (int, int)) Image {
	out := New(h, w, m.C)
	for y := range h {
		for x := range w {
			sy, sx := from(y, x)
			copy(out.Pix[(y*w+x)*m.C:][:m.C], m.Pix[(sy*m.W+sx)*m.C:])
		}
	}
	return out
}
