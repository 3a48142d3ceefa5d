package dataset

import "math"

// point is a place in a character or on a page; x points right and y down.
type point struct{ x, y float64 }

func (p point) plus(q point) point    { return point{p.x + q.x, p.y + q.y} }
func (p point) minus(q point) point   { return point{p.x - q.x, p.y - q.y} }
func (p point) times(f float64) point { return point{p.x * f, p.y * f} }
func (p point) rotated(angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{cos*p.x - sin*p.y, sin*p.x + cos*p.y}
}
func (p point) distance(q point) float64 { return math.Hypot(p.x-q.x, p.y-q.y) }

// knot is a point that a stroke passes through; at a corner its direction may jump.
type knot struct {
	point
	corner bool
}

// stroke is what the pen draws without leaving the paper.
type stroke []knot

// glyph is a character as it should look, in pixels of the page about its centre.
type glyph []stroke

// moved is the stroke with every point mapped.
func (s stroke) moved(by func(point) point) stroke {
	out := make(stroke, len(s))
	for i, k := range s {
		out[i] = knot{by(k.point), k.corner}
	}
	return out
}

// length is that of the chain of straight lines between knots.
func (s stroke) length() float64 {
	sum := 0.0
	for i := 1; i < len(s); i++ {
		sum += s[i].distance(s[i-1].point)
	}
	return sum
}

// arcTo goes on to a point along a circle, turning by turn radians on the way, clockwise when that is positive.
func (s stroke) arcTo(to point, turn float64) stroke {
	from := s[len(s)-1].point
	half := to.minus(from).times(0.5)
	// The centre lies off the chord's middle, to the right of the way where the turn is clockwise.
	off := 1 / math.Tan(turn/2)
	centre := from.plus(half).plus(point{-half.y * off, half.x * off})
	n := int(math.Abs(turn)/0.6) + 1
	for i := 1; i < n; i++ {
		s = append(s, knot{point: from.minus(centre).rotated(turn * float64(i) / float64(n)).plus(centre)})
	}
	return append(s, knot{point: to})
}

// loop ends a stroke in a circle of the given diameter, to the right of its way where side is 1 and to the left for -1.
func (s stroke) loop(diameter, side float64) stroke {
	last := s[len(s)-1].point
	way := last.minus(s[len(s)-2].point)
	centre := last.plus(point{-way.y, way.x}.times(side * diameter / 2 / math.Hypot(way.x, way.y)))
	const n = 8
	for i := 1; i <= n; i++ {
		s = append(s, knot{point: last.minus(centre).rotated(side * 2 * math.Pi * float64(i) / n).plus(centre)})
	}
	return s
}

// bounds is the smallest rectangle around the strokes.
func bounds(strokes []stroke) (low, high point) {
	low, high = point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, s := range strokes {
		for _, k := range s {
			low = point{min(low.x, k.x), min(low.y, k.y)}
			high = point{max(high.x, k.x), max(high.y, k.y)}
		}
	}
	return low, high
}

// curve is the path through the knots as points about step pixels apart: a Catmull-Rom spline whose tangent is free at
// corners and ends.
func (s stroke) curve(step float64) []point {
	if len(s) == 1 {
		return []point{s[0].point}
	}
	path := []point{s[0].point}
	for i := 1; i < len(s); i++ {
		a, b := s[i-1].point, s[i].point
		before, after := a, b
		if i > 1 && !s[i-1].corner {
			before = s[i-2].point
		}
		if i < len(s)-1 && !s[i].corner {
			after = s[i+1].point
		}
		n := int(a.distance(b)/step) + 1
		for j := 1; j <= n; j++ {
			path = append(path, catmullRom(before, a, b, after, float64(j)/float64(n)))
		}
	}
	return path
}

// catmullRom goes from p1 to p2 as t goes from 0 to 1.
func catmullRom(p0, p1, p2, p3 point, t float64) point {
	one := func(a, b, c, d float64) float64 {
		return b + t/2*(c-a+t*(2*a-5*b+4*c-d+t*(3*(b-c)+d-a)))
	}
	return point{one(p0.x, p1.x, p2.x, p3.x), one(p0.y, p1.y, p2.y, p3.y)}
}
