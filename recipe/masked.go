package recipe

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
)

// Masked is an image of what validates, and what the network masks of it as shared with another of its class.
type Masked struct {
	Image, Beside imgproc.Image
	Found         []bool        // [h·w] of Image, whether or not the network says that anything is shared
	Truth         imgproc.Image // mask of what both show, of Image, see [dataset.Item]
	Jaccard       float64       // index of the two
}

// drawCouples draws two images of each of up to [examplesShown] classes, the same for the same seed; only classes that have two.
func drawCouples(set *dataset.Set, seed uint64) (couples [][2]int32) {
	rng := rand.New(rand.NewPCG(seed, 17))
	classes := slices.DeleteFunc(set.ByClass(), func(items []int32) bool { return len(items) < 2 })
	for _, class := range rng.Perm(len(classes))[:min(examplesShown, len(classes))] {
		items := classes[class]
		two := rng.Perm(len(items))
		couples = append(couples, [2]int32{items[two[0]], items[two[1]]})
	}
	return couples
}

// masked asks for the mask of the first of a couple.
func masked(ctx context.Context, model *coseg.Model, pictures dataset.Pictures, couple [2]int32) (m Masked, err error) {
	var items [2]dataset.Item
	var encoded [2]coseg.Encoded
	for k, at := range couple {
		if items[k], err = pictures.Load(at, pictures.Shared(couple[0], couple[1])); err != nil {
			return m, err
		}
		if encoded[k], err = model.Encode(ctx, items[k].Image); err != nil {
			return m, err
		}
	}
	mask, err := model.Against(ctx, encoded[0], encoded[1])
	if err != nil {
		return m, err
	}
	mask.Present = true // the mask itself is shown
	m = Masked{Image: items[0].Image, Beside: items[1].Image, Found: mask.Bits(), Truth: items[0].Mask}
	m.Jaccard = eval.ScoreMask(m.Found, m.Truth.Pix).Jaccard
	return m, nil
}
