package coseg

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

const (
	// nearest is by how many of its most alike places a place is judged.
	nearest = 3
	// sharpness makes a logit of a difference of cosines.
	sharpness = 12
	// outline is the most, as a logit, that what a model marks may count for or against a place.
	outline = 2
)

// Follow masks in other images what a mask [h·w] covers in one: a place is of the object when what it is most like there lies in the
// mask rather than beside it, by the correlation of feature maps; a model that has learned objects gives it their outlines. Presence is by how well these places match. The mask must be of the
// image's size, and cover a part of it; otherwise Follow fails, and when ctx has ended.
func (m *Model) Follow(ctx context.Context, from Encoded, mask []bool, others ...Encoded) ([]Mask, error) {
	if len(mask) != from.grey.H*from.grey.W {
		return nil, fmt.Errorf("mask of %d pixels for an image of %d×%d", len(mask), from.grey.W, from.grey.H)
	}
	grids := newGrids(append([]Encoded{from}, others...))
	inside, err := split(from.covered(grids[0], mask))
	if err != nil {
		return nil, err
	}
	masks := make([]Mask, len(others))
	for i, other := range others {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t, err := m.alike(grids[i+1], grids[0])
		if err != nil {
			return nil, err
		}
		logits := t.lean(inside)
		if masks[i], err = m.outlined(ctx, other, from, grids[i+1], logits); err != nil {
			return nil, err
		}
		if !from.plain && !other.plain { // what is of one colour shows nothing
			masks[i].Presence = presenceOf(logits, t.bestInside(inside))
		}
		masks[i].Present = masks[i].Presence >= m.Threshold
	}
	return masks, nil
}

// outlined is the mask of the logits of an image's places, to which a trained model adds what it marks there beside the image that they come
// from.
func (m *Model) outlined(ctx context.Context, e, from Encoded, g grid, logits []float32) (Mask, error) {
	if m.Untrained {
		return e.spread(g, logits), nil
	}
	seen, _, err := m.looks(ctx, e, from)
	if err != nil {
		return Mask{}, err
	}
	fine := grid{}
	fine.h, fine.w = m.Spec.OutputSize()
	joint := slices.Clone(enlarge(logits, g.h, g.w, fine.h, fine.w)) // which may be the logits themselves
	for i, x := range seen.logits {
		joint[i] += min(max(x, -outline), outline)
	}
	return e.spread(fine, joint), nil
}

// split says which places a mask covers by half, or the one that it covers most.
func split(share []float32) ([]bool, error) {
	inside := make([]bool, len(share))
	most := largest(share)
	if share[most] == 0 {
		return nil, errors.New("the mask covers nothing of the image: want white on the object")
	}
	inside[most] = true
	all := true
	for p, v := range share {
		inside[p] = inside[p] || v >= 0.5
		all = all && inside[p]
	}
	if all {
		return nil, errors.New("the mask covers all of the image: nothing is left to tell the object from")
	}
	return inside, nil
}

// lean is for each row how much more its nearest columns lie inside than outside, as a logit.
func (t table) lean(inside []bool) []float32 {
	logits := make([]float32, t.rows)
	for p := range t.rows {
		var parts [2][]float32
		for q, v := range t.row(p) {
			side := 0
			if inside[q] {
				side = 1
			}
			parts[side] = append(parts[side], v)
		}
		logits[p] = sharpness * (meanOfLargest(parts[1], nearest) - meanOfLargest(parts[0], nearest))
	}
	return logits
}

// bestInside is for each row the largest value of the columns inside.
func (t table) bestInside(inside []bool) [][]float64 {
	best := make([][]float64, t.rows)
	for p := range best {
		most := -1.0
		for q, v := range t.row(p) {
			if inside[q] {
				most = max(most, float64(v))
			}
		}
		best[p] = []float64{most}
	}
	return best
}

func meanOfLargest(values []float32, n int) float32 {
	slices.Sort(values)
	n = min(n, len(values))
	var sum float32
	for _, v := range values[len(values)-n:] {
		sum += v
	}
	return sum / float32(n)
}

// At is the mask [h·w] of what lies at a point of an image, in pixels: what the model, which has learned objects, marks there in the image seen with
// itself, as far as it hangs together; where it marks nothing, the places that hang together with the point's own and are like it, with the
// image's edges. It fails where the point lies outside the image.
func (m *Model) At(ctx context.Context, e Encoded, point imgproc.Point) ([]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g := newGrids([]Encoded{e})[0]
	start := -1
	if point.X >= 0 && point.Y >= 0 && point.X < float32(e.grey.W) && point.Y < float32(e.grey.H) {
		start = e.place(g, point)
	}
	if start < 0 {
		return nil, fmt.Errorf("point %v,%v lies outside the image of %d×%d pixels", point.X, point.Y, e.grey.W, e.grey.H)
	}
	if !m.Untrained {
		alone, err := m.Against(ctx, e, e)
		if err != nil {
			return nil, err
		}
		alone.Present = true
		bits := alone.Bits()
		if at := int(point.Y)*alone.W + int(point.X); bits[at] {
			object := make([]bool, len(bits))
			for _, p := range (grid{h: alone.H, w: alone.W}).grown(at, func(p int) bool { return bits[p] }) {
				object[p] = true
			}
			return object, nil
		}
	}
	t, err := m.alike(g, g)
	if err != nil {
		return nil, err
	}
	alike := t.row(start)
	logits := make([]float32, g.places())
	for i := range logits {
		logits[i] = -6
	}
	for _, p := range g.grown(start, func(p int) bool { return alike[p] >= leastAlike }) {
		logits[p] = 6
	}
	mask := e.spread(g, logits)
	mask.Present = true
	return mask.Bits(), nil
}

// leastAlike is the cosine from which a place is like the one at a point.
const leastAlike = 0.3

// grown are the places that hang together with start and belong to it.
func (g grid) grown(start int, belongs func(p int) bool) []int {
	seen, found := make([]bool, g.places()), []int{start}
	seen[start] = true
	for k := 0; k < len(found); k++ {
		y, x := found[k]/g.w, found[k]%g.w
		for _, step := range [][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			v, u := y+step[0], x+step[1]
			if v < 0 || v >= g.h || u < 0 || u >= g.w || seen[v*g.w+u] || !belongs(v*g.w+u) {
				continue
			}
			seen[v*g.w+u] = true
			found = append(found, v*g.w+u)
		}
	}
	return found
}
