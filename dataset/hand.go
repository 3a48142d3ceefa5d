package dataset

import (
	"math/rand/v2"

	"github.com/siam-go/siam/imgproc"
)

// penRadius is half the width of a stroke, in pixels: Omniglot's are drawn by a pen about 5 pixels wide.
const penRadius = 2.55

// hand is how one person draws.
type hand struct {
	habit  imgproc.Affine // of all their characters, about the centre of the page
	sloppy float64        // factor of every error they make; 1 is average
	coarse float64        // pixels between the points that the pen reports
	tremor float64        // standard deviation of those points, pixels
	smooth float64        // chance that they round a corner off
}

func newHand(rng *rand.Rand) hand {
	size := 1 + 0.1*rng.NormFloat64()
	size = min(max(size, 0.7), 1.25)
	stretch := 1 + 0.07*rng.NormFloat64()
	habit := imgproc.Scaling(size*stretch, size/stretch).
		Then(imgproc.Shear(0.07*rng.NormFloat64(), 0)).
		Then(imgproc.Rotation(1.5 * rng.NormFloat64())).
		Then(imgproc.Translation(-2+3.5*rng.NormFloat64(), -3+3.5*rng.NormFloat64()))
	return hand{
		habit:  habit,
		sloppy: 0.5 + 1.0*rng.Float64(),
		coarse: 4 + 7*rng.Float64(),
		tremor: 0.15 + 0.45*rng.Float64(),
		smooth: max(0, 0.8*rng.Float64()-0.4),
	}
}

// draw puts one drawing of a character on a page.
func (h hand) draw(rng *rand.Rand, g glyph) imgproc.Image {
	whole := slip(rng, 0.5*h.sloppy, 3).Then(h.habit)
	lines := make([][]point, len(g))
	for i, line := range g {
		lines[i] = h.line(rng, line, whole)
	}
	return inked(onPage(lines), penRadius)
}

// onPage moves a drawing back onto the page where it would run over an edge; one too large for the page is centred.
func onPage(lines [][]point) [][]point {
	low, high := lines[0][0], lines[0][0]
	for _, line := range lines {
		for _, p := range line {
			low = point{min(low.x, p.x), min(low.y, p.y)}
			high = point{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	shift := point{backInside(low.x, high.x), backInside(low.y, high.y)}
	for _, line := range lines {
		for i := range line {
			line[i] = line[i].plus(shift)
		}
	}
	return lines
}

// backInside is how far to move the interval from low to high so that it keeps off the edges of the page.
func backInside(low, high float64) float64 {
	const margin = 4.0
	switch {
	case high-low > pageSide-2*margin:
		return pageSide/2.0 - (low+high)/2
	case low < margin:
		return margin - low
	}
	return min(0, pageSide-margin-high)
}

// slip is a slight affine map: errors of scale, slant, angle and place that grow with amount, and a move of move pixels.
func slip(rng *rand.Rand, amount, move float64) imgproc.Affine {
	return imgproc.Scaling(1+0.09*amount*rng.NormFloat64(), 1+0.09*amount*rng.NormFloat64()).
		Then(imgproc.Shear(0.08*amount*rng.NormFloat64(), 0.06*amount*rng.NormFloat64())).
		Then(imgproc.Rotation(4 * amount * rng.NormFloat64())).
		Then(imgproc.Translation(move*rng.NormFloat64(), move*rng.NormFloat64()))
}

// line draws one stroke: the stroke as a whole is off by a small affine map about its middle, each of its knots by some
// pixels more, its ends fall short or run on, and the pen reports trembling points.
func (h hand) line(rng *rand.Rand, s stroke, whole imgproc.Affine) []point {
	low, high := bounds([]stroke{s})
	middle := low.plus(high).times(0.5)
	off := slip(rng, 1.25*h.sloppy, 1.5*h.sloppy)
	miss := 1.5 * h.sloppy * min(1, s.length()/(11*float64(len(s)))) // small loops are drawn with more care
	wrong := func(p point) point {
		x, y := off.Apply(p.x-middle.x, p.y-middle.y)
		x, y = whole.Apply(x+middle.x+miss*rng.NormFloat64(), y+middle.y+miss*rng.NormFloat64())
		return point{x + pageSide/2.0, y + pageSide/2.0}
	}
	drawn := s.moved(wrong)
	for i, k := range drawn {
		drawn[i].corner = k.corner && rng.Float64() >= h.smooth
	}
	path := h.runOn(rng, drawn).curve(h.coarse)
	for i := range path {
		path[i] = path[i].plus(point{h.tremor * rng.NormFloat64(), h.tremor * rng.NormFloat64()})
	}
	return path
}

// runOn lengthens or shortens a stroke's two end pieces by a pixel or two.
func (h hand) runOn(rng *rand.Rand, s stroke) stroke {
	if len(s) < 2 {
		return s
	}
	pull := func(end, next knot) knot {
		d := end.minus(next.point)
		change := 2 * h.sloppy * rng.NormFloat64() / max(end.distance(next.point), 6)
		return knot{end.plus(d.times(change)), end.corner}
	}
	last := len(s) - 1
	s[0], s[last] = pull(s[0], s[1]), pull(s[last], s[last-1])
	return s
}
