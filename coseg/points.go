package coseg

import (
	"cmp"
	"context"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Match are places of two images that correspond: each is the other's most alike.
type Match struct {
	A, B imgproc.Point // the middles of the places, in pixels of their images
	// Alike is the cosine of what the encoder sees there, in [−1, 1], less what is common to both images.
	Alike float64
}

// Points are the places of two images that correspond, the most alike first: the mutual arg-max of the correlation of their feature
// maps. It fails when ctx has ended.
func (m *Model) Points(ctx context.Context, a, b Encoded) ([]Match, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	grids := newGrids([]Encoded{a, b})
	t, err := m.alike(grids[0], grids[1])
	if err != nil {
		return nil, err
	}
	matches := []Match{}
	for p := range t.rows {
		if q := largest(t.row(p)); t.bestRow(q) == p {
			matches = append(matches, Match{a.middle(grids[0], p), b.middle(grids[1], q), float64(t.at(p, q))})
		}
	}
	slices.SortStableFunc(matches, func(x, y Match) int { return cmp.Compare(y.Alike, x.Alike) })
	return matches, nil
}

// bestRow is the first row whose value in a column is the largest.
func (t table) bestRow(q int) int {
	best := 0
	for p := range t.rows {
		if t.at(p, q) > t.at(best, q) {
			best = p
		}
	}
	return best
}

// largest is the index of the first largest value.
func largest(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// Alikes are how alike the places of a are to those of b: cosines [ha·wa, hb·wb] of grids of ha×wa and hb×wb places of the network's inputs.
type Alikes struct {
	HA, WA, HB, WB int
	Cosines        []float32
}

// Seen is where the image lies in the network's input, whose sides are 1: left, top, right and bottom.
func (e Encoded) Seen() [4]float64 {
	first, last := e.view.Point(imgproc.Point{}), e.view.Point(imgproc.Point{X: float32(e.grey.W), Y: float32(e.grey.H)})
	w, h := float64(e.input.Width), float64(e.input.Height)
	return [4]float64{float64(first.X) / w, float64(first.Y) / h, float64(last.X) / w, float64(last.Y) / h}
}

// Alikes compares all places of two images. It fails when ctx has ended.
func (m *Model) Alikes(ctx context.Context, a, b Encoded) (Alikes, error) {
	if err := ctx.Err(); err != nil {
		return Alikes{}, err
	}
	grids := newGrids([]Encoded{a, b})
	t, err := m.alike(grids[0], grids[1])
	return Alikes{grids[0].h, grids[0].w, grids[1].h, grids[1].w, t.values}, err
}
