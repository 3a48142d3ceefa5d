package pairnet

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
)

// Sampler draws pairs of a set of [Spec.Read].
type Sampler struct {
	Spec  Spec
	Pairs int     // in a batch
	Far   float64 // seconds between the two of a pair, at most
	Crops float64 // part of the pairs that are of crops without a place, where there are both
	Seed  uint64

	items   []dataset.Item
	crops   []Crop
	classes [][]int32        // items of each class that has two, in the order of time
	groups  map[string][]int // classes of each group
	group   []string         // of each class
	kinds   [2][]int         // classes of videos, and of crops
}

// NewSampler makes crops of the classes of a set that take passes.
func NewSampler(s Sampler, set *dataset.Set, take func(label int) bool) (*Sampler, error) {
	s.groups = map[string][]int{}
	for label, items := range set.ByClass() {
		if len(items) < 2 || !take(label) {
			continue
		}
		group, kind := set.Classes[label].Group, 0
		if set.Items[items[0]].Seen.W == 0 {
			kind = 1
		}
		at := len(s.classes)
		s.kinds[kind] = append(s.kinds[kind], at)
		s.groups[group] = append(s.groups[group], at)
		s.group = append(s.group, group)
		var own []int32
		for _, i := range items {
			own = append(own, int32(len(s.items)))
			s.items = append(s.items, set.Items[i])
		}
		s.classes = append(s.classes, own)
	}
	for _, classes := range s.groups {
		if len(classes) > 1 {
			s.crops = make([]Crop, len(s.items))
			parallel.Ranges(len(s.items), func(from, to int) {
				for i := from; i < to; i++ {
					s.crops[i] = s.Spec.Crop(s.items[i].Image, s.items[i].Seen.Next)
				}
			})
			return &s, nil
		}
	}
	return nil, errors.New("no video has two people who are seen twice: nothing to pair")
}

// Items is how many boxes there are.
func (s *Sampler) Items() int { return len(s.items) }

// Fill makes the batch of a step, for [dataset.Prefetch].
func (s *Sampler) Fill(ctx context.Context, b *Batch, step int) error {
	rng := rand.New(rand.NewPCG(s.Seed, uint64(step)))
	size := s.Spec.size()
	if b.N != s.Pairs {
		*b = Batch{N: s.Pairs, First: make([]float32, s.Pairs*size), Second: make([]float32, s.Pairs*size), Same: make([]float32, s.Pairs)}
	}
	for i := range b.N {
		p, same := s.Draw(rng)
		both := s.both(rng)
		s.Spec.fill(b.First[i*size:], p.A, s.look(rng, both))
		s.Spec.fill(b.Second[i*size:], p.B, s.look(rng, both))
		b.Same[i] = 0
		if same {
			b.Same[i] = 1
		}
	}
	return ctx.Err()
}

// both is what is done to the two crops of a pair alike: they are mirrored or not, and other colours make other people of the few that there are, so that
// the network has to compare and cannot learn who they are.
func (s *Sampler) both(rng *rand.Rand) view {
	return view{mirror: rng.IntN(2) == 0, light: float32(0.2 * rng.NormFloat64()), colour: float32(0.3 * rng.NormFloat64()), hue: 2 * math.Pi * rng.Float64()}
}

// look is how one crop of a pair is seen: boxes are off by a twentieth of their size or so, and light and colours change a little between two looks.
func (s *Sampler) look(rng *rand.Rand, both view) view {
	off := func(size int) int { return int(math.Round(0.05 * float64(size) * rng.NormFloat64())) }
	both.dx, both.dy = off(s.Spec.Width), off(s.Spec.Height)
	both.light += float32(0.1 * rng.NormFloat64())
	both.colour += float32(0.1 * rng.NormFloat64())
	return both
}

// Draw is a pair, the earlier first, as often of one object as of two. Those of two are of one video, and half of them the nearest of some.
func (s *Sampler) Draw(rng *rand.Rand) (p Pair, same bool) {
	class, a := s.any(rng)
	b, others := s.partner(rng, class, a), s.groups[s.group[class]]
	same = len(others) < 2 || b != a && rng.IntN(2) == 0
	if !same {
		b = s.stranger(rng, class, a, others)
	}
	return s.Pair(a, b), same
}

// any is an item, and its class.
func (s *Sampler) any(rng *rand.Rand) (class int, item int32) {
	kind := 0
	if len(s.kinds[0]) == 0 || len(s.kinds[1]) > 0 && rng.Float64() < s.Crops {
		kind = 1
	}
	class = s.kinds[kind][rng.IntN(len(s.kinds[kind]))]
	return class, s.classes[class][rng.IntN(len(s.classes[class]))]
}

// Pair is a pair of two items, the earlier first.
func (s *Sampler) Pair(a, b int32) Pair {
	if s.items[b].Seen.At < s.items[a].Seen.At {
		a, b = b, a
	}
	return Pair{s.crops[a], s.crops[b], s.sight(a), s.sight(b)}
}

// Image is what an item shows.
func (s *Sampler) Image(item int32) imgproc.Image { return s.items[item].Image }

// Question draws an item, another of its object, and one each of other objects of its video: at most most items, and nil where the one that was
// drawn has no other, or its video nothing else.
func (s *Sampler) Question(rng *rand.Rand, most int) []int32 {
	class, a := s.any(rng)
	items, others := []int32{a, s.partner(rng, class, a)}, s.groups[s.group[class]]
	for _, at := range rng.Perm(len(others)) {
		if other := others[at]; other != class && len(items) < most {
			items = append(items, s.classes[other][rng.IntN(len(s.classes[other]))])
		}
	}
	if items[1] == a || len(items) < 3 {
		return nil
	}
	return items
}

// tries is how often a partner is drawn anew that does not fit.
const tries = 8

// partner is another item of a class, within [Sampler.Far] of a if that is found; mostly soon before or after.
func (s *Sampler) partner(rng *rand.Rand, class int, a int32) int32 {
	best, least := a, s.Far
	for range tries {
		b := s.classes[class][rng.IntN(len(s.classes[class]))]
		gap := s.gap(a, b)
		if b == a || gap > s.Far {
			continue
		}
		if best == a || gap < least && rng.IntN(2) == 0 {
			best, least = b, gap
		}
	}
	return best
}

// stranger is an item of another class of the group.
func (s *Sampler) stranger(rng *rand.Rand, class int, a int32, others []int) int32 {
	near, best, least := rng.IntN(2) == 0, int32(-1), 0.0
	for range 2 * tries {
		other := others[rng.IntN(len(others))]
		if other == class {
			continue
		}
		b := s.classes[other][rng.IntN(len(s.classes[other]))]
		far := s.gap(a, b)
		if near {
			far += s.apart(a, b)
		}
		if best < 0 || far < least {
			best, least = b, far
		}
		if !near && far <= s.Far {
			break
		}
	}
	if best < 0 { // the dice fell on the class alone
		for _, other := range others {
			if other != class {
				return s.classes[other][0]
			}
		}
	}
	return best
}

func (s *Sampler) gap(a, b int32) float64 {
	return max(s.items[a].Seen.At-s.items[b].Seen.At, s.items[b].Seen.At-s.items[a].Seen.At)
}

// apart is how far two boxes are from each other, in heights.
func (s *Sampler) apart(a, b int32) float64 {
	x, y := s.sight(a).Box, s.sight(b).Box
	d := max(x.X+x.W/2-y.X-y.W/2, y.X+y.W/2-x.X-x.W/2) + max(x.Y-y.Y, y.Y-x.Y)
	return d / max((x.H+y.H)/2, 1)
}

func (s *Sampler) sight(i int32) Sight {
	v := s.items[i].Seen
	return Sight{mot.Box{X: v.X, Y: v.Y, W: v.W, H: v.H}, v.At}
}
