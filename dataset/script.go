package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
)

// script is the style that the characters of one invented alphabet share. Its strokes run between the anchors of a letter
// box one unit high. What is called a chance lies in [0, 1].
type script struct {
	rng      *rand.Rand
	anchors  []point
	loose    float64 // standard deviation of a point about its anchor
	strokes  float64 // more than one in a character, on average
	pieces   float64 // more than one in a stroke, on average
	straight float64 // chance that a piece is a line and not an arc
	sharp    float64 // chance of a corner between two pieces
	upright  float64 // chance that a line must be level or upright
	ovals    float64 // chance that a stroke is an oval
	loops    float64 // chance that a stroke ends in a loop
	closed   float64 // chance that a stroke of several pieces returns to its start
	attached float64 // chance that a stroke starts on another
	repeated float64 // chance that a stroke is one of those before, moved or mirrored
	reuse    float64 // chance that a stroke comes out of stock
	kin      float64 // chance that a character is another one with a stroke changed
	dotted   float64 // chance of dots
	size     float64 // height of the letter box, pixels
	stock    []stroke
	common   stroke // in most characters, such as the headline of Bengali; nil for none
}

// newScript draws a style. The ranges are those that made contact sheets look like Omniglot's, beside which they were tuned.
func newScript(rng *rand.Rand) *script {
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	s := &script{
		rng:      rng,
		loose:    between(0, 0.09),
		strokes:  between(0.4, 2.2),
		pieces:   between(0.3, 1.6),
		straight: between(0.1, 1),
		sharp:    between(0.2, 0.95),
		upright:  between(0, 1),
		ovals:    max(0, between(-0.1, 0.25)),
		loops:    max(0, between(-0.1, 0.2)),
		closed:   max(0, between(-0.1, 0.3)),
		attached: between(0.3, 0.9),
		repeated: between(0.05, 0.35),
		reuse:    between(0.1, 0.5),
		kin:      between(0.2, 0.7),
		dotted:   max(0, between(-0.2, 0.4)),
		size:     between(56, 72),
	}
	s.anchors = s.letterBox(between(0.55, 1))
	for range 3 + rng.IntN(6) {
		s.stock = append(s.stock, s.invent(s.anchor()))
	}
	if s.chance(0.25) {
		s.common = s.commonStroke()
	}
	return s
}

// letterBox is 2 to 3 columns of 3 to 4 anchors, width wide, the inner ones somewhere inside.
func (s *script) letterBox(width float64) []point {
	lines := func(n int) []float64 {
		at := []float64{0, 1}
		for i := 1; i < n-1; i++ {
			at = append(at, (float64(i)+0.4*(s.rng.Float64()-0.5))/float64(n-1))
		}
		return at
	}
	var anchors []point
	rows := lines(3 + s.rng.IntN(2))
	for _, x := range lines(2 + s.rng.IntN(2)) {
		for _, y := range rows {
			anchors = append(anchors, point{width * x, y})
		}
	}
	return anchors
}

// commonStroke is a headline, a stem or any other stroke.
func (s *script) commonStroke() stroke {
	width := s.anchors[len(s.anchors)-1].x
	switch s.rng.IntN(3) {
	case 0:
		return stroke{{point{-0.12, 0}, true}, {point{width + 0.12, 0}, true}}
	case 1:
		x := width * float64(s.rng.IntN(2))
		return stroke{{point{x, 0}, true}, {point{x, 1}, true}}
	}
	return s.invent(s.anchor())
}

func (s *script) chance(p float64) bool { return s.rng.Float64() < p }

// count draws how many there are of what comes n times on average, at most limit.
func (s *script) count(n float64, limit int) int {
	k := 0
	for k < limit && s.chance(n/(n+1)) {
		k++
	}
	return k
}

// anchor is a place for a stroke to go to.
func (s *script) anchor() point {
	at := s.anchors[s.rng.IntN(len(s.anchors))]
	return at.plus(point{s.loose * s.rng.NormFloat64(), s.loose * s.rng.NormFloat64()})
}

// glyphs invents characters of which no two look the same.
func (s *script) glyphs(n int) []glyph {
	var all, drafts []glyph
	var looks [][]float32
	for tries := 0; len(all) < n; tries++ {
		draft := s.compose()
		if len(drafts) > 0 && s.chance(s.kin) {
			draft = s.changed(drafts[s.rng.IntN(len(drafts))])
		}
		g := s.fitted(s.finished(draft))
		look, ok := appearance(g, s.chance(0.1))
		// After many failures the style has hardly any room left: take what is too like another.
		if tries < 60*n && (!ok || tooAlike(look, looks)) {
			continue
		}
		all, drafts, looks = append(all, g), append(drafts, draft), append(looks, look)
	}
	return all
}

// compose puts strokes together in the letter box.
func (s *script) compose() glyph {
	g := glyph{s.invent(s.anchor())}
	for range s.count(s.strokes, 4) {
		g = append(g, s.next(g))
	}
	return g
}

// changed is a character with one stroke replaced, left out or added.
func (s *script) changed(g glyph) glyph {
	i := s.rng.IntN(len(g))
	others := slices.Delete(slices.Clone(g), i, i+1)
	switch {
	case len(g) > 2 && s.chance(0.25):
		return others
	case len(g) > 1 && s.chance(0.5):
		return append(others, s.next(others))
	}
	return append(slices.Clone(g), s.next(g))
}

// finished adds what many characters of the script have: the common stroke and dots.
func (s *script) finished(g glyph) glyph {
	if s.common != nil && s.chance(0.8) {
		g = append(slices.Clone(g), s.common)
	}
	if s.chance(s.dotted) {
		g = append(slices.Clone(g), s.dots(g)...)
	}
	return g
}

// next is one more stroke of a character.
func (s *script) next(g glyph) stroke {
	other := g[s.rng.IntN(len(g))]
	if s.chance(s.repeated) {
		return s.again(other)
	}
	start := s.anchor()
	if s.chance(s.attached) {
		start = s.on(other)
	}
	if s.chance(s.reuse) {
		return s.fromStock(start)
	}
	return s.invent(start)
}

// on is a point of a stroke: an end, a knot or half way between two knots.
func (s *script) on(line stroke) point {
	i := s.rng.IntN(len(line))
	if i > 0 && s.chance(0.5) {
		return line[i].plus(line[i-1].point).times(0.5)
	}
	if s.chance(0.3) {
		i = (len(line) - 1) * s.rng.IntN(2)
	}
	return line[i].point
}

// again is a stroke once more: mirrored as in M, or a line beside or below itself as in H or E.
func (s *script) again(line stroke) stroke {
	middle := s.anchors[len(s.anchors)-1].x / 2
	if len(line) > 2 || s.chance(0.3) {
		return line.moved(func(p point) point { return point{2*middle - p.x, p.y} })
	}
	step := 0.25 + 0.25*s.rng.Float64()
	shift := point{step, 0}
	if s.chance(0.5) {
		shift = point{0, step}
	}
	return line.moved(shift.plus)
}

// fromStock is a stroke that other characters have too, perhaps smaller or mirrored, starting elsewhere.
func (s *script) fromStock(start point) stroke {
	line := s.stock[s.rng.IntN(len(s.stock))]
	size, mirror := 0.55+0.5*s.rng.Float64(), 1.0
	if s.chance(0.3) {
		mirror = -1
	}
	return line.moved(func(p point) point {
		p = p.minus(line[0].point)
		return start.plus(point{mirror * size * p.x, size * p.y})
	})
}

// invent makes a stroke that runs from anchor to anchor in lines and arcs.
func (s *script) invent(start point) stroke {
	line := stroke{{start, true}}
	if s.chance(s.ovals) {
		turn := math.Pi * s.side()
		return line.arcTo(s.onward(line), turn).arcTo(start, turn)
	}
	for i := range 1 + s.count(s.pieces, 3) {
		line[len(line)-1].corner = i == 0 || s.chance(s.sharp)
		to := s.onward(line)
		if i > 1 && s.chance(s.closed) {
			to = start
		}
		if s.chance(s.straight) {
			line = append(line, knot{point: to})
		} else {
			line = line.arcTo(to, s.turn())
		}
	}
	if s.chance(s.loops) {
		line = line.loop(0.2+0.15*s.rng.Float64(), s.side())
	}
	line[len(line)-1].corner = true
	return line
}

// onward is an anchor to go on to: some way off, not back where the stroke came from, and often level or upright.
func (s *script) onward(line stroke) point {
	last := line[len(line)-1].point
	back := point{}
	if len(line) > 1 {
		back = line[len(line)-2].minus(last)
	}
	upright := s.chance(s.upright)
	to := s.anchor()
	for range 30 {
		way := to.minus(last)
		long, aligned := max(math.Abs(way.x), math.Abs(way.y)), min(math.Abs(way.x), math.Abs(way.y))
		returns := way.x*back.x+way.y*back.y > 0.75*math.Hypot(way.x, way.y)*math.Hypot(back.x, back.y)
		if long > 0.3 && !returns && (!upright || aligned < 0.15) {
			break
		}
		to = s.anchor()
	}
	return to
}

// turn is how far an arc turns from end to end, in radians.
func (s *script) turn() float64 { return s.side() * (0.35 + 0.85*s.rng.Float64()) * math.Pi }

// side is -1 or 1.
func (s *script) side() float64 { return float64(2*s.rng.IntN(2) - 1) }

// dots is one to three dots in a row above, below or beside a character, or one inside it.
func (s *script) dots(g glyph) []stroke {
	low, high := bounds(g)
	centre, half := low.plus(high).times(0.5), high.minus(low).times(0.5)
	if s.chance(0.2) {
		return []stroke{{{centre, true}}}
	}
	sin, cos := math.Sincos(float64(s.rng.IntN(4)) * math.Pi / 2)
	row := centre.plus(point{cos * (half.x + 0.17), sin * (half.y + 0.17)})
	n := 1 + s.count(0.6, 2)
	var dots []stroke
	for i := range n {
		along := 0.24 * (float64(i) - float64(n-1)/2)
		dots = append(dots, stroke{{row.plus(point{sin * along, cos * along}), true}})
	}
	return dots
}

// fitted gives a character its place and size on the page. Those that leave most of the letter box empty stay small.
func (s *script) fitted(g glyph) glyph {
	low, high := bounds(g)
	centre := low.plus(high).times(0.5)
	extent := max(high.y-low.y, 0.9*(high.x-low.x), 0.4)
	scale := s.size * (0.85 + 0.3*s.rng.Float64()) / math.Sqrt(max(extent, extent*extent))
	fitted := make(glyph, len(g))
	for i, line := range g {
		fitted[i] = line.moved(func(p point) point { return p.minus(centre).times(scale) })
	}
	return fitted
}
