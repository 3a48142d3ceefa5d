package report

import "math"

// The sizes of a dot's label, in pixels of the drawing.
const (
	labelLetter = 6.5
	labelHeight = 12
	dotGap      = 10 // from the middle of the dot to its label
)

// box is a rectangle of the drawing.
type box struct{ left, top, right, bottom float64 }

func (b box) has(x, y float64) bool { return x > b.left && x < b.right && y > b.top && y < b.bottom }

func (b box) meets(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

// dots draws dots with their labels, each beside its dot where the least of the lines, and no label before it, is covered.
func (d *canvas) dots(dots []Dot) {
	var taken []box
	for _, m := range dots {
		x, y, ok := d.place(m.X, m.Y)
		if !ok {
			continue
		}
		d.add(`<circle class="dot shown" cx="%.1f" cy="%.1f" r="5" fill="var(--s%d)"/>`, x, y, colour(m.Series))
		taken = append(taken, box{x - 5, y - 5, x + 5, y + 5})
		b := d.room(x, y, labelLetter*float64(len([]rune(m.Label))), taken)
		taken = append(taken, b)
		d.text((b.left+b.right)/2, b.bottom-3, "middle", "strong", m.Label)
	}
}

// room is where a label of some width has the most room beside a dot.
func (d *canvas) room(x, y, width float64, taken []box) (best box) {
	least := -1
	for _, at := range [][2]float64{{0, 1}, {0, -1}, {1, -1}, {-1, 1}, {1, 1}, {-1, -1}, {1, 0}, {-1, 0}} {
		middle := x + at[0]*(dotGap+width/2)
		middle = min(max(middle, plotLeft+width/2), plotRight-width/2)
		centre := y + at[1]*(dotGap+labelHeight/2)
		b := box{middle - width/2, centre - labelHeight/2, middle + width/2, centre + labelHeight/2}
		if b.top < plotTop || b.bottom > plotBottom {
			continue
		}
		if covered := d.covered(b, taken); least < 0 || covered < least {
			best, least = b, covered
		}
	}
	return best
}

// covered is how much of the lines and of other labels a rectangle covers: pixels of lines, and many for each label.
func (d *canvas) covered(b box, taken []box) int {
	n := 0
	for _, other := range taken {
		if b.meets(other) {
			n += 1000
		}
	}
	for _, s := range d.chart.Series {
		for i := 1; i < len(s.X) && !s.Bars; i++ {
			x0, y0, ok0 := d.place(s.X[i-1], s.Y[i-1])
			x1, y1, ok1 := d.place(s.X[i], s.Y[i])
			if !ok0 || !ok1 {
				continue
			}
			steps := int(max(math.Abs(x1-x0), math.Abs(y1-y0))) + 1
			for k := range steps {
				part := float64(k) / float64(steps)
				if b.has(x0+part*(x1-x0), y0+part*(y1-y0)) {
					n++
				}
			}
		}
	}
	return n
}
