package judge

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// CosegFollowed is how well a model finds again what is pointed out to it: each image that has another of its class is shown first, and the
// next of the class is to show the same.
type CosegFollowed struct {
	Clicked   CosegScore `json:"clicked"`    // what lies at the point deepest inside the object, in the first image
	FromPoint CosegScore `json:"from_point"` // what of the next image follows from that
	FromMask  CosegScore `json:"from_mask"`  // what of the next image follows from the object's mask
}

// followed asks for what is pointed out. What Follow refuses, a mask of all or nothing of its image, finds nothing.
func (a *asking) followed(ctx context.Context) (*CosegFollowed, error) {
	var clicked, point, mask []cosegAnswer
	for _, items := range a.pictures.Classes {
		for k, i := range items {
			to := items[(k+1)%len(items)]
			if to == i {
				continue
			}
			first, err := a.shown(ctx, i)
			if err != nil {
				return nil, err
			}
			object := objectOf(first.item.Mask)
			at, ok := deepest(object, first.item.Mask.H, first.item.Mask.W)
			if !ok {
				continue
			}
			second, err := a.shown(ctx, to)
			if err != nil {
				return nil, err
			}
			there, err := a.model.At(ctx, first.encoded, at)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", first.item.Source, err)
			}
			byPoint, err := a.next(ctx, first, there, second)
			if err != nil {
				return nil, err
			}
			byMask, err := a.next(ctx, first, object, second)
			if err != nil {
				return nil, err
			}
			clicked, point, mask = append(clicked, newCosegAnswer(first.item, there, probabilities(there))), append(point, byPoint), append(mask, byMask)
		}
	}
	if len(clicked) == 0 {
		return nil, nil
	}
	return &CosegFollowed{cosegScore(clicked, a.test.Seed), cosegScore(point, a.test.Seed), cosegScore(mask, a.test.Seed)}, nil
}

// shown is an item, with its image and mask, as the model sees it.
type shown struct {
	item    dataset.Item
	encoded coseg.Encoded
}

func (a *asking) shown(ctx context.Context, i int32) (s shown, err error) {
	if s.item, err = a.set.Items[i].Load(); err == nil {
		s.encoded, err = a.encodings.of(ctx, i)
	}
	return s, err
}

// next is what is found in the second image of what is given [h·w] in the first.
func (a *asking) next(ctx context.Context, first shown, given []bool, second shown) (cosegAnswer, error) {
	truth := second.item
	bits, probability := make([]bool, len(truth.Mask.Pix)), make([]float32, len(truth.Mask.Pix))
	found, err := a.model.Follow(ctx, first.encoded, given, second.encoded)
	if err == nil {
		found[0].Present = true // the masks themselves are judged
		bits, probability = found[0].Bits(), found[0].Probability
	}
	return newCosegAnswer(truth, bits, probability), ctx.Err()
}

func objectOf(mask imgproc.Image) []bool {
	bits := make([]bool, len(mask.Pix))
	for i, v := range mask.Pix {
		bits[i] = v == 255
	}
	return bits
}

func probabilities(bits []bool) []float32 {
	p := make([]float32, len(bits))
	for i, b := range bits {
		if b {
			p[i] = 1
		}
	}
	return p
}

// deepest is the pixel of an object [h·w] that is farthest, up, down and across, from all that is not; not ok where there is no object.
func deepest(object []bool, h, w int) (at imgproc.Point, ok bool) {
	depth := make([]int, len(object))
	relax := func(p, q int, inside bool) {
		d := 1
		if inside {
			d += depth[q]
		}
		depth[p] = min(depth[p], d)
	}
	for p := range object {
		if depth[p] = 0; object[p] {
			depth[p] = h + w
			relax(p, p-1, p%w > 0)
			relax(p, p-w, p >= w)
		}
	}
	best := 0
	for p := len(object) - 1; p >= 0; p-- {
		if !object[p] {
			continue
		}
		relax(p, p+1, p%w < w-1)
		relax(p, p+w, p < len(object)-w)
		if depth[p] > best {
			best, at = depth[p], imgproc.Point{X: float32(p % w), Y: float32(p / w)}
		}
	}
	return at, best > 0
}
