package judge

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/stats"
)

const (
	// groupHalf is how many images of a group show its class, and how many lack it.
	groupHalf = 3
	// groupsOfClass is how many groups are drawn of each class.
	groupsOfClass = 3
)

// CosegGroups is how well a model tells which images of a group lack what the others share: half of them are of one class, and the
// others of a class each.
type CosegGroups struct {
	Right     float64        `json:"right"` // the part of the images whose presence is said rightly
	RightCI95 stats.Interval `json:"right_ci95"`
	Groups    int            `json:"groups"`
	N         int            `json:"n"` // images
}

// groups asks for groups of which half lack the object; nil where there are too few classes or images.
func (a *asking) groups(ctx context.Context) (*CosegGroups, error) {
	rng := rand.New(rand.NewPCG(a.test.Seed, 11))
	var right []float64 // of each group
	for label, items := range a.pictures.Classes {
		for range groupsOfClass {
			group := a.group(label, items, rng)
			if group == nil {
				continue
			}
			encoded, err := a.encodings.all(ctx, group)
			if err != nil {
				return nil, err
			}
			masks, err := a.model.SegmentEncoded(ctx, encoded)
			if err != nil {
				return nil, err
			}
			sum := 0.0
			for k, mask := range masks {
				if mask.Present == (k < groupHalf) {
					sum++
				}
			}
			right = append(right, sum/float64(len(masks)))
		}
	}
	if len(right) == 0 {
		return nil, nil
	}
	e := stats.Bootstrap(len(right), resamples, a.test.Seed, func(rows []int) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += right[r]
		}
		return sum / float64(len(rows))
	})
	return &CosegGroups{Right: e.Value, RightCI95: e.CI95, Groups: len(right), N: 2 * groupHalf * len(right)}, nil
}

// group draws images of a class, and after them as many of other classes, no two of which share one; nil where there are too few.
func (a *asking) group(label int, items []int32, rng *rand.Rand) []int32 {
	if len(items) < groupHalf {
		return nil
	}
	var group []int32
	for _, k := range rng.Perm(len(items))[:groupHalf] {
		group = append(group, items[k])
	}
	for _, other := range rng.Perm(len(a.pictures.Classes)) {
		there := a.pictures.Classes[other]
		if other == label || len(there) == 0 || len(group) == 2*groupHalf {
			continue
		}
		i := there[rng.IntN(len(there))]
		if !slices.ContainsFunc(group, func(j int32) bool { return len(a.pictures.Shared(i, j)) > 0 }) {
			group = append(group, i)
		}
	}
	if len(group) < 2*groupHalf {
		return nil
	}
	return group
}
