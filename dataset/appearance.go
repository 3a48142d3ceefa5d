package dataset

import "github.com/siam-go/siam/imgproc"

// lookSide is the side of the small pictures by which characters are told apart, in pixels.
const lookSide = 14

// appearance is a small blurred picture of a character. It is not ok when the character is crowded, when its strokes lie on
// top of one another, or when it is hardly more than a line, unless that is what plain allows.
func appearance(g glyph, plain bool) (look []float32, ok bool) {
	length := 0.0
	lines := make([][]point, len(g))
	for i, line := range g {
		length += line.length()
		lines[i] = line.moved(point{pageSide / 2.0, pageSide / 2.0}.plus).curve(4)
	}
	page := inked(lines, penRadius)
	ink := 0.0
	for _, v := range page.Pix {
		ink += float64(255-v) / 255
	}
	room := 2 * penRadius * length // if no two strokes touched
	least := 480.0
	if plain {
		least = 150
	}
	return smallInk(page), ink >= least && ink <= 1400 && ink > 0.86*room
}

// smallInk shrinks a page to lookSide pixels a side, ink 1 and paper 0.
func smallInk(page imgproc.Image) []float32 {
	p := imgproc.Preprocess{Height: lookSide, Width: lookSide, Channels: 1, Invert: true}
	look := make([]float32, p.Size())
	p.Apply(look, page)
	return look
}

// tooAlike says whether a picture shares most of its ink with one of the others.
func tooAlike(look []float32, others [][]float32) bool {
	for _, other := range others {
		var difference, ink float32
		for i, v := range look {
			d := v - other[i]
			difference += max(d, -d)
			ink += v + other[i]
		}
		if difference < 0.38*ink {
			return true
		}
	}
	return false
}
