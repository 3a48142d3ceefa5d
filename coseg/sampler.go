package coseg

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// Sampler makes the batches of a training, that of each step from the seed and the step alone.
type Sampler struct {
	Spec    Spec
	Set     *dataset.Set // images with masks; nil where all are generated
	World   World
	Augment dataset.Augment
	Pairs   int // in a batch
	// Generated, Negatives, Pasted and Moved are the parts of the pairs, in [0, 1], that are of the world; that share nothing; that get an
	// object of another class pasted into each image, which is to be ignored; and whose second image is one of another class with the
	// shared object pasted in.
	Generated, Negatives, Pasted, Moved float64
	Families                            int // of the world
	Seed                                uint64

	pictures dataset.Pictures
}

// NewSampler readies a sampler; it fails where no batch can be made.
func NewSampler(s Sampler) (*Sampler, error) {
	if s.Set == nil {
		return &s, nil
	}
	s.pictures = dataset.NewPictures(s.Set)
	classes := s.pictures.Classes
	if s.Generated < 1 && !slices.ContainsFunc(classes, func(items []int32) bool { return len(items) >= 2 }) {
		return nil, errors.New("no class has two images with masks: nothing to pair")
	}
	if s.Generated < 1 && len(classes) < 2 && s.Negatives > 0 {
		return nil, errors.New("pairs that share nothing need two classes: want more data, or --set negatives=0")
	}
	return &s, nil
}

// Fill makes the batch of a step, for [dataset.Prefetch].
func (s *Sampler) Fill(ctx context.Context, b *Batch, step int) error {
	rng := rand.New(rand.NewPCG(s.Seed, uint64(step)))
	h, w := s.Spec.OutputSize()
	size, area := s.Spec.Preprocess.Size(), h*w
	b.N = s.Pairs
	b.Images, b.Masks, b.Weights = sized(b.Images, 2*b.N*size), sized(b.Masks, 2*b.N*area), sized(b.Weights, 2*b.N*area)
	b.Objects, b.Classes = sized(b.Objects, 2*b.N*area), sized(b.Classes, 2*b.N)
	var labels []uint8
	for i := range b.N {
		if err := ctx.Err(); err != nil {
			return err
		}
		pair, err := s.pair(rng)
		if err != nil {
			return err
		}
		for side, item := range pair {
			row := i + side*b.N
			labels = s.write(b.Images[row*size:][:size], labels, item, rng)
			shrinkMask(shrunk{b.Masks[row*area:][:area], b.Weights[row*area:][:area], b.Objects[row*area:][:area]}, labels, s.Spec.Preprocess.Width, w)
			b.Classes[row] = int32(item.Label)
		}
	}
	return nil
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// write makes the input of an image, and the labels of its mask there.
func (s *Sampler) write(dst []float32, labels []uint8, item dataset.Item, rng *rand.Rand) []uint8 {
	p := s.Spec.Preprocess
	if len(labels) == 0 {
		labels = make([]uint8, p.Height*p.Width)
	}
	draw := s.Augment.Draw(rng, item.Image, p)
	view := draw.Image(dst, p, item.Image)
	view.Labels(labels, item.Mask, dataset.MaskVoid)
	return labels
}

// alone is the level of an object in a mask that its pair does not share.
const alone = 254

// shrunk is a mask of fewer pixels [h, w]: the share of each that is shared object, its weight, and the share that is object at all.
type shrunk struct{ mask, weight, object []float32 }

// shrinkMask makes one of labels [k·h, k·w].
func shrinkMask(to shrunk, labels []uint8, fullWidth, w int) {
	k := fullWidth / w
	for i := range to.mask {
		y, x := i/w*k, i%w*k
		var shared, lone, known float32
		for dy := range k {
			for _, v := range labels[(y+dy)*fullWidth+x:][:k] {
				switch v {
				case dataset.MaskVoid:
					known--
				case 255:
					shared++
				case alone:
					lone++
				}
				known++
			}
		}
		to.mask[i], to.weight[i], to.object[i] = 0, known/float32(k*k), 0
		if known > 0 {
			to.mask[i], to.object[i] = shared/known, (shared+lone)/known
		}
	}
}

// attempts is how often pictures are drawn until some are found that share what they should.
const attempts = 50

// pair draws two images with the masks of what they share, and labels that are the same where they share it. Where no two pictures are
// found that share nothing, they are of the world.
func (s *Sampler) pair(rng *rand.Rand) (pair [2]dataset.Item, err error) {
	negative := rng.Float64() < s.Negatives
	if s.Set == nil || rng.Float64() < s.Generated {
		return s.worldPair(negative, rng), nil
	}
	drawn, shared, ok := s.draw(negative, rng)
	if !ok {
		return s.worldPair(negative, rng), nil
	}
	for side, i := range drawn {
		if pair[side], err = s.pictures.Load(i, shared); err != nil {
			return pair, err
		}
		if negative {
			pair[side] = unmarked(pair[side], alone)
		}
	}
	return s.pasted(drawn, shared, pair, rng)
}

// draw draws two items of one class, or two whose pictures share none, and says which classes their pictures share. Not ok where none were
// found, of whose shared classes all have masks.
func (s *Sampler) draw(negative bool, rng *rand.Rand) (drawn [2]int32, shared []int, ok bool) {
	classes := s.pictures.Classes
	label := s.class(classes, 2, nil, rng)
	other := label
	if negative {
		other = s.class(classes, 1, []int{label}, rng)
	}
	drawn[0] = oneOf(classes[label], rng)
	for range attempts {
		drawn[1] = oneOf(classes[other], rng)
		shared = s.pictures.Shared(drawn[0], drawn[1])
		known := s.pictures.Masked(drawn[0], shared) && s.pictures.Masked(drawn[1], shared)
		if drawn[0] != drawn[1] && negative == (len(shared) == 0) && known {
			return drawn, shared, true
		}
		if negative {
			other = s.class(classes, 1, []int{label}, rng)
		}
	}
	return drawn, shared, false
}

// pasted moves the shared object into another picture, or pastes objects that are to be ignored, into some of the pairs.
func (s *Sampler) pasted(drawn [2]int32, shared []int, pair [2]dataset.Item, rng *rand.Rand) ([2]dataset.Item, error) {
	var strangers []int // classes that neither picture shows
	for label, items := range s.pictures.Classes {
		if len(items) > 0 && !s.pictures.Shows(drawn[0], label) && !s.pictures.Shows(drawn[1], label) {
			strangers = append(strangers, label)
		}
	}
	if len(strangers) < 2 {
		return pair, nil
	}
	third := rng.IntN(len(strangers))
	fourth := (third + 1 + rng.IntN(len(strangers)-1)) % len(strangers) // so that strangers do not share a class either
	switch {
	case len(shared) > 0 && rng.Float64() < s.Moved:
		at, ok := s.scene(strangers[third], drawn[0], rng)
		if !ok {
			return pair, nil
		}
		scene, err := s.Set.Items[at].Load()
		if err != nil {
			return pair, err
		}
		label := pair[1].Label
		pair[1] = pasted(unmarked(scene, 0), pair[1], 255, rng)
		pair[1].Label = label
	case rng.Float64() < s.Pasted:
		for side, of := range [2]int{third, fourth} {
			object, err := s.Set.Items[oneOf(s.pictures.Classes[strangers[of]], rng)].Load()
			if err != nil {
				return pair, err
			}
			pair[side] = pasted(pair[side], object, 0, rng)
		}
	}
	return pair, nil
}

// scene draws a picture of a class that shares nothing with another.
func (s *Sampler) scene(label int, other int32, rng *rand.Rand) (at int32, ok bool) {
	for range attempts {
		at = oneOf(s.pictures.Classes[label], rng)
		if len(s.pictures.Shared(at, other)) == 0 {
			return at, true
		}
	}
	return at, false
}

func oneOf(items []int32, rng *rand.Rand) int32 { return items[rng.IntN(len(items))] }

// worldPair is a pair of the generated world, whose labels no other has.
func (s *Sampler) worldPair(empty bool, rng *rand.Rand) [2]dataset.Item {
	pair := s.World.Pair(s.Families, empty, rng)
	label := 1<<20 + 2*rng.IntN(1<<20)
	pair[0].Label, pair[1].Label = label, label
	if empty {
		pair[1].Label++
	}
	return pair
}

// unmarked is an item of which nothing is wanted: its object has a level of its own.
func unmarked(item dataset.Item, level uint8) dataset.Item {
	item.Mask = item.Mask.Mapped(func(v uint8) uint8 {
		if v == 255 {
			return level
		}
		return 0
	})
	return item
}

// class draws a class with at least so many images, none of those of not.
func (s *Sampler) class(classes [][]int32, least int, not []int, rng *rand.Rand) int {
	for {
		if label := rng.IntN(len(classes)); !slices.Contains(not, label) && len(classes[label]) >= least {
			return label
		}
	}
}

// pasted puts the object of one item somewhere into another, whose mask gets the level where it is.
func pasted(into, from dataset.Item, level uint8, rng *rand.Rand) dataset.Item {
	m, mask := imgproc.New(into.Image.H, into.Image.W, 3), imgproc.New(into.Image.H, into.Image.W, 1)
	copy(m.Pix, into.Image.Pix)
	copy(mask.Pix, into.Mask.Pix)
	scale := (0.35 + 0.4*rng.Float64()) * float64(m.W) / float64(from.Image.W)
	left := int(float64(m.W) * (rng.Float64()*1.2 - 0.4))
	top := int(float64(m.H) * (rng.Float64()*1.2 - 0.4))
	for y := max(0, top); y < m.H; y++ {
		sy := int(float64(y-top) / scale)
		if sy >= from.Image.H {
			break
		}
		for x := max(0, left); x < m.W; x++ {
			sx := int(float64(x-left) / scale)
			if sx >= from.Image.W {
				break
			}
			if at := sy*from.Image.W + sx; from.Mask.Pix[at] == 255 {
				copy(m.Pix[3*(y*m.W+x):][:3], from.Image.Pix[3*at:])
				mask.Pix[y*m.W+x] = level
			}
		}
	}
	into.Image, into.Mask = m, mask
	return into
}

// PhotoAugment changes photographs as other cameras and hands would.
func PhotoAugment() dataset.Augment {
	type r = dataset.Range
	return dataset.Augment{
		Rotate: r{Low: -15, High: 15}, ScaleX: r{Low: 0.65, High: 1.5}, ScaleY: r{Low: 0.65, High: 1.5}, MoveX: r{Low: -0.2, High: 0.2}, MoveY: r{Low: -0.2, High: 0.2},
		Mirror: 0.5, Light: dataset.Light{Bright: r{Low: -0.15, High: 0.15}, Contrast: r{Low: 0.7, High: 1.4}, Colour: r{Low: 0.2, High: 1.6}, Hide: r{Low: -0.3, High: 0.3}},
	}
}
