package coseg

import (
	"cmp"
	"context"
	"math"
	"slices"
)

const (
	// shared is among how many of the group's places that are most like it a place shares its vote.
	shared = 16
	// likeness is the cosine of best matches from which an untrained encoder takes two objects for one class.
	likeness = 0.2
)

// segmentUntrained says what a group shares by an encoder alone, without a network that has learned masks. Each place of each image
// has a vote: how much it stands out of its image, and how well the other images match it; and the votes of the places that are most alike,
// over all of the group, are pooled, as clusters pool them in S. Amir et al., "Deep ViT features as dense visual descriptors", 2021.
// Presence is by how well the others match what is found.
func (m *Model) segmentUntrained(ctx context.Context, group []Encoded) ([]Mask, error) {
	grids := newGrids(group)
	votes, matched := make([][]float64, len(grids)), make([][][]float64, len(grids))
	for i, g := range grids {
		var err error
		if matched[i], err = m.matched(ctx, group, grids, i); err != nil {
			return nil, err
		}
		common := make([]float64, g.places())
		for p := range common {
			common[p] = mean(matched[i][p])
		}
		votes[i] = g.salience()
		addStandard(votes[i], common)
	}
	masks := make([]Mask, len(grids))
	for i, g := range grids {
		logits, err := m.pooled(ctx, grids, votes, i)
		if err != nil {
			return nil, err
		}
		masks[i] = group[i].spread(g, logits)
		masks[i].Presence = presenceOf(logits, matched[i])
		masks[i].Present = masks[i].Presence >= m.Threshold
	}
	return masks, nil
}

// matched are, for each place of an image of a group and each other image, the cosine of the best match there. With an image of one colour it
// is -1, as it shows nothing.
func (m *Model) matched(ctx context.Context, group []Encoded, grids []grid, i int) ([][]float64, error) {
	best := make([][]float64, grids[i].places())
	for j, other := range grids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i == j {
			continue
		}
		if group[i].plain || group[j].plain {
			for p := range best {
				best[p] = append(best[p], -1)
			}
			continue
		}
		t, err := m.alike(grids[i], other)
		if err != nil {
			return nil, err
		}
		for p := range best {
			best[p] = append(best[p], float64(slices.Max(t.row(p))))
		}
	}
	return best, nil
}

// pooled are the mean votes of the places of all grids that are most like each of one, as logits.
func (m *Model) pooled(ctx context.Context, grids []grid, votes [][]float64, i int) ([]float32, error) {
	type voter struct {
		alike float32
		vote  float64
	}
	voters := make([][]voter, grids[i].places())
	for j, other := range grids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t, err := m.alike(grids[i], other)
		if err != nil {
			return nil, err
		}
		for p := range voters {
			for q, v := range t.row(p) {
				voters[p] = append(voters[p], voter{v, votes[j][q]})
			}
			slices.SortFunc(voters[p], func(a, b voter) int {
				return cmp.Or(cmp.Compare(b.alike, a.alike), cmp.Compare(b.vote, a.vote))
			})
			voters[p] = voters[p][:min(len(voters[p]), shared)]
		}
	}
	logits := make([]float32, len(voters))
	for p, of := range voters {
		for _, v := range of {
			logits[p] += float32(v.vote / float64(len(of)))
		}
	}
	return logits, nil
}

// presenceOf is how well the third of the others that fits best matches the places of positive logits.
func presenceOf(logits []float32, matched [][]float64) float64 {
	var sum []float64
	n := 0.0
	for p, x := range logits {
		if x > 0 {
			n++
			sum = append(sum, make([]float64, len(matched[p])-len(sum))...)
			for j, v := range matched[p] {
				sum[j] += v
			}
		}
	}
	if n == 0 {
		return 0
	}
	for j := range sum {
		sum[j] /= n
	}
	return logistic(2 * sharpness * (presenceAmong(sum) - likeness))
}

// salience is how much each place stands out of its image, of mean 0: by energy, by how unlike the borders it is (Y. Wei et al.,
// "Geodesic saliency using background priors", ECCV 2012), and by how near the middle.
func (g grid) salience() []float64 {
	energy, unlike, middle := make([]float64, g.places()), make([]float64, g.places()), make([]float64, g.places())
	for p := range g.places() {
		energy[p] = float64(g.energy[p])
		for q := range g.places() {
			if q != p && g.onBorder(q) {
				unlike[p] -= math.Exp(5 * float64(inner(g.at(p), g.at(q))))
			}
		}
		middle[p] = -math.Hypot(float64(p/g.w)-float64(g.h-1)/2, float64(p%g.w)-float64(g.w-1)/2)
	}
	sum := make([]float64, g.places())
	for _, of := range [][]float64{energy, unlike, middle} {
		addStandard(sum, of)
	}
	return sum
}

func (g grid) onBorder(p int) bool {
	y, x := p/g.w, p%g.w
	return y == 0 || x == 0 || y == g.h-1 || x == g.w-1
}

// addStandard adds values less their mean, in their standard deviations.
func addStandard(sum, values []float64) {
	m, spread := mean(values), 0.0
	for _, v := range values {
		spread += (v - m) * (v - m) / float64(len(values))
	}
	for i, v := range values {
		sum[i] += (v - m) / max(math.Sqrt(spread), 1e-12)
	}
}

func inner(a, b []float32) float32 {
	var sum float32
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// presenceAmong is the mean of the third of the others that are surest: an object that some of a group show is there.
func presenceAmong(sure []float64) float64 {
	sorted := slices.Clone(sure)
	slices.Sort(sorted)
	return mean(sorted[len(sorted)-max(1, (len(sorted)+2)/3):])
}
