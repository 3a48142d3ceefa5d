package dataset

import (
	"fmt"
	"math/rand/v2"
)

// PairOptions says how [NewPairSampler] draws pairs.
type PairOptions struct {
	Pairs int // in one batch
	// Pool is how many different pairs there are; every epoch of Pool pairs goes through all of them, in a new order.
	// Koch et al. 2015 used 30,000, 90,000 and 150,000. 0 means new pairs for ever.
	Pool int
	Hard Hard // Together is not for pairs
	Seed uint64
}

// PairSampler samples pairs of images as Koch et al. 2015, section 4.1, do: as many from each group (alphabet), half of them of
// the same class and half of different classes of that group.
type PairSampler struct {
	options PairOptions
	classes [][]int32 // items of each label
	groups  [][]int32 // labels with two items or more, of each group with two such labels or more
	hard    hardness
}

// NewPairSampler refuses a set in which no group has two classes of at least two images, and sizes below one.
func NewPairSampler(s *Set, o PairOptions) (*PairSampler, error) {
	if o.Pairs < 1 || o.Pool < 0 {
		return nil, fmt.Errorf("sample pairs: %d per batch out of a pool of %d: want at least 1, and 0 or more", o.Pairs, o.Pool)
	}
	p := &PairSampler{options: o, classes: s.ByClass()}
	for _, labels := range s.byGroup() {
		if usable := withItems(labels, p.classes, 2); len(usable) > 1 {
			p.groups = append(p.groups, usable)
		}
	}
	if len(p.groups) == 0 {
		return nil, fmt.Errorf("sample pairs: no group of data set %s has two classes of two images each", s.Name)
	}
	var err error
	p.hard, err = newHardness(s, o.Hard)
	return p, err
}

// withItems keeps the labels that have at least n items.
func withItems(labels []int32, classes [][]int32, n int) []int32 {
	var usable []int32
	for _, label := range labels {
		if len(classes[label]) >= n {
			usable = append(usable, label)
		}
	}
	return usable
}

// Sample gives options.Pairs pairs; pair k is rows 2k and 2k+1.
func (p *PairSampler) Sample(step int) Sample {
	n := p.options.Pairs
	s := Sample{Items: make([]int32, 0, 2*n), Pairs: make([][2]int32, n), Same: make([]float32, n)}
	for k := range n {
		a, b, same := p.pair(p.number(step*n + k))
		s.Items = append(s.Items, a, b)
		s.Pairs[k] = [2]int32{int32(2 * k), int32(2*k + 1)}
		if same {
			s.Same[k] = 1
		}
	}
	return s
}

// number is which pair comes at a position: i → (a·i + b) mod Pool with a and Pool coprime, which goes through every pair
// once in an epoch.
func (p *PairSampler) number(position int) int {
	pool := p.options.Pool
	if pool == 0 {
		return position
	}
	rng := newRand(p.options.Seed, forPool, uint64(position/pool))
	a, b := 1+rng.IntN(pool), rng.IntN(pool)
	for commonDivisor(a, pool) != 1 {
		a = 1 + rng.IntN(pool)
	}
	return (a*(position%pool) + b) % pool
}

func commonDivisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// pair draws pair number i: even ones are of the same class, odd ones of different classes, and groups take turns. Of a hard
// pair the second image is the one least like the first, or most like it in another class, of whatever group.
func (p *PairSampler) pair(i int) (a, b int32, same bool) {
	rng := newRand(p.options.Seed, forPairs, uint64(i))
	labels := p.groups[i/2%len(p.groups)]
	first, second := twoOf(rng, len(labels))
	if i%2 == 0 {
		items := p.classes[labels[first]]
		i, j := twoOf(rng, len(items))
		if p.hard.chosen(rng) && p.hard.far[items[i]] >= 0 {
			return items[i], p.hard.far[items[i]], true
		}
		return items[i], items[j], true
	}
	a, b = oneOf(rng, p.classes[labels[first]]), oneOf(rng, p.classes[labels[second]])
	if p.hard.chosen(rng) && p.hard.close[a] >= 0 {
		b = p.hard.close[a]
	}
	return a, b, false
}

// twoOf draws two different numbers below n.
func twoOf(rng *rand.Rand, n int) (int, int) {
	i, j := rng.IntN(n), rng.IntN(n-1)
	if j >= i {
		j++
	}
	return i, j
}

func oneOf(rng *rand.Rand, of []int32) int32 { return of[rng.IntN(len(of))] }
