package dataset

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/siam-go/siam/imgproc"
)

// GenerateOptions is the size of a generated data set.
type GenerateOptions struct {
	Alphabets  int // 1 to 1000
	Characters int // of each alphabet, 2 to 200
	Drawers    int // who draw each character of an alphabet once, 1 to 1000
	Seed       uint64
}

// pageSide is the side of a generated image, in pixels, as Omniglot's.
const pageSide = 105

// Generate invents alphabets and draws them by many simulated hands: black ink on white, 105×105 pixels, looking like
// Omniglot. Alphabet "Generated001" of a seed is the same whatever the number of alphabets.
//
// A character is a few strokes, each a chain of lines and arcs. What an alphabet's characters share is drawn first: how
// many strokes they have, how curved and how regular they are, how strokes meet, and a stock of strokes that come again in
// many of them, so that its characters look alike as those of real alphabets do. A hand has its slant, proportions and
// neatness, and each drawing moves, turns and bends every stroke a little: the stroke-level distortions that Koch et al.
// 2015 propose in their outlook (figure 8).
func Generate(ctx context.Context, o GenerateOptions) (*Set, error) {
	if o.Alphabets < 1 || o.Alphabets > 1000 || o.Characters < 2 || o.Characters > 200 || o.Drawers < 1 || o.Drawers > 1000 {
		return nil, fmt.Errorf("generate %d alphabets of %d characters by %d drawers: want 1 to 1000, 2 to 200 and 1 to 1000",
			o.Alphabets, o.Characters, o.Drawers)
	}
	s := &Set{Name: "generated", Classes: make([]Class, o.Alphabets*o.Characters)}
	s.Items = make([]Item, len(s.Classes)*o.Drawers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for a := next.Add(1) - 1; a < int64(o.Alphabets) && ctx.Err() == nil; a = next.Add(1) - 1 {
				s.generateAlphabet(o, int(a))
			}
		})
	}
	wg.Wait()
	return s, ctx.Err()
}

// generateAlphabet fills in the classes and items of alphabet a.
func (s *Set) generateAlphabet(o GenerateOptions, a int) {
	group := fmt.Sprintf("Generated%03d", a+1)
	glyphs := newScript(newRand(o.Seed, forAlphabet, uint64(a))).glyphs(o.Characters)
	hands := make([]hand, o.Drawers)
	for d := range hands {
		hands[d] = newHand(newRand(o.Seed, forHand, uint64(a), uint64(d)))
	}
	for c, g := range glyphs {
		label := a*o.Characters + c
		s.Classes[label] = Class{Name: fmt.Sprintf("%s/character%02d", group, c+1), Group: group}
		for d, h := range hands {
			rng := newRand(o.Seed, forDrawing, uint64(a), uint64(c), uint64(d))
			s.Items[label*o.Drawers+d] = Item{
				Image:  h.draw(rng, g),
				Label:  label,
				Drawer: d + 1,
				Source: fmt.Sprintf("%s by drawer %d", s.Classes[label].Name, d+1),
			}
		}
	}
}

// inked turns strokes, in pixels of the page, into an image. The pen is round, radius pixels thick to either side.
func inked(strokes [][]point, radius float64) imgproc.Image {
	page := imgproc.Filled(pageSide, pageSide, 1, 255)
	for _, line := range strokes {
		for i := range line {
			inkSegment(page, line[max(i-1, 0)], line[i], radius)
		}
	}
	return page
}

// inkSegment blackens every pixel whose centre lies within radius of the segment from a to b.
func inkSegment(page imgproc.Image, a, b point, radius float64) {
	x0, x1 := pixels(min(a.x, b.x)-radius, max(a.x, b.x)+radius)
	y0, y1 := pixels(min(a.y, b.y)-radius, max(a.y, b.y)+radius)
	d := b.minus(a)
	length2 := max(d.x*d.x+d.y*d.y, 1e-12)
	for y := y0; y < y1; y++ {
		row := page.Row(y)
		for x := x0; x < x1; x++ {
			p := point{float64(x) + 0.5 - a.x, float64(y) + 0.5 - a.y}
			along := min(max((p.x*d.x+p.y*d.y)/length2, 0), 1)
			px, py := p.x-along*d.x, p.y-along*d.y
			if px*px+py*py <= radius*radius {
				row[x] = 0
			}
		}
	}
}

// pixels is the range of pixels that touch the interval from low to high, on the page.
func pixels(low, high float64) (int, int) {
	return int(min(max(low, 0), pageSide)), int(min(max(high+1, 0), pageSide))
}
