package report

import (
	"regexp"
	"strconv"
	"testing"
)

var labelAt = regexp.MustCompile(`<text x="([\d.]+)" y="([\d.]+)" text-anchor="middle" class="strong">`)

// Labels of dots on a falling line lie beside it, in the picture, and not on each other.
func TestLabelsOfDotsCoverNeitherLinesNorEachOther(t *testing.T) {
	c := Chart{X: Axis{Max: 1}, Y: Axis{Max: 1}, Series: []Series{{Name: "curve", X: []float64{0, 1}, Y: []float64{1, 0}}}}
	for _, at := range []float64{0.1, 0.13, 0.5, 0.53, 0.9} {
		c.Dots = append(c.Dots, Dot{X: at, Y: 1 - at, Label: "match threshold"})
	}
	places := labelAt.FindAllStringSubmatch(c.svg(""), -1)
	if len(places) != len(c.Dots) {
		t.Fatalf("%d labels, want %d", len(places), len(c.Dots))
	}
	var boxes []box
	d := &canvas{chart: c, x: c.X.fit([]float64{0, 1}), y: c.Y.fit([]float64{0, 1})}
	for i, place := range places {
		x, _ := strconv.ParseFloat(place[1], 64)
		y, _ := strconv.ParseFloat(place[2], 64)
		half := labelLetter * float64(len(c.Dots[i].Label)) / 2
		b := box{x - half, y + 3 - labelHeight, x + half, y + 3}
		if b.left < plotLeft-1 || b.right > plotRight+1 || b.top < plotTop-1 || b.bottom > plotBottom {
			t.Errorf("label %d lies at %v, outside of the plot", i, b)
		}
		if n := d.covered(b, boxes); n > 5 { // it may graze one
			t.Errorf("label %d at %v covers %d", i, b, n)
		}
		boxes = append(boxes, b)
	}
}
