package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// ClassOptions is the shape of the batches of [NewClasses].
type ClassOptions struct {
	// Groups is from how many groups the classes of one batch come: 2 groups of 16 characters make look-alike negatives.
	// 0 takes classes from anywhere.
	Groups   int
	Classes  int // per group, or in all when Groups is 0
	Examples int // of each class
	// Core is how many of the set's first classes are drawn more often than the others: with probability CoreShare a group, or
	// a class, is drawn from among them. 0 makes all alike. They may be the real alphabets, followed by turned and invented ones.
	Core      int
	CoreShare float64
	// Least is how many images a class must have to be drawn; 0 means 2. With 1 a class of a single image shows it Examples
	// times, differently augmented.
	Least int
	// Tail is how the chance of a class grows with its images n: as n^Tail. 0 makes classes alike, 1 images. It is for long
	// tails, and not for Groups or a Core.
	Tail float64
	// Negatives is how many rows more there are: single images of further classes, of whatever number of images.
	Negatives int
	Hard      Hard
	Seed      uint64
}

// Classes samples batches of P classes with K examples each (Hermans, Beyer, Leibe 2017, section 2), optionally from a few
// groups only. A row's class is row / K, up to the negatives.
type Classes struct {
	options ClassOptions
	items   [][]int32 // of each label
	groups  [][]int32 // labels with Least items or more, of each group that has any
	all     []int32   // those labels in one list
	core    []int32   // those of all that are below Core
	rest    []int32   // the others
	groupOf []int32   // of each label, index into groups
	upTo    []float64 // with Tail: chance of each of all and those before it
	hard    hardness
}

// NewClasses refuses a set with too few groups or classes of at least Least images, and sizes below one.
func NewClasses(s *Set, o ClassOptions) (*Classes, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Least == 0 {
		o.Least = 2
	}
	c := &Classes{options: o, items: s.ByClass(), groupOf: make([]int32, len(s.Classes))}
	for _, labels := range s.byGroup() {
		usable := withItems(labels, c.items, o.Least)
		if len(usable) == 0 {
			continue
		}
		for _, label := range usable {
			c.groupOf[label] = int32(len(c.groups))
		}
		c.groups = append(c.groups, usable)
		c.all = append(c.all, usable...)
	}
	for _, label := range c.all {
		if int(label) < o.Core {
			c.core = append(c.core, label)
		} else {
			c.rest = append(c.rest, label)
		}
	}
	if o.Core > 0 && (len(c.core) == 0 || len(c.rest) == 0 || !(o.CoreShare > 0 && o.CoreShare < 1)) {
		return nil, fmt.Errorf("sample classes: a core of %d classes of data set %s with a share of %v: want some classes in the core, some outside, and a share between 0 and 1",
			o.Core, s.Name, o.CoreShare)
	}
	if o.Groups > len(c.groups) {
		return nil, fmt.Errorf("sample classes: %d groups a batch, but data set %s has %d with classes of %d images or more",
			o.Groups, s.Name, len(c.groups), o.Least)
	}
	want := max(1, o.Groups) * o.Classes
	if want > len(c.all) {
		return nil, fmt.Errorf("sample classes: %d classes a batch, but data set %s has %d of %d images or more", want, s.Name, len(c.all), o.Least)
	}
	if some := len(withItems(slices.Concat(s.byGroup()...), c.items, 1)); want+o.Negatives > some {
		return nil, fmt.Errorf("sample classes: %d classes and %d more as negatives, but data set %s has %d", want, o.Negatives, s.Name, some)
	}
	c.weigh()
	var err error
	c.hard, err = newHardness(s, o.Hard)
	return c, err
}

func (o ClassOptions) check() error {
	switch {
	case o.Classes < 2 || o.Examples < 1 || o.Groups < 0:
		return fmt.Errorf("sample classes: %d groups, %d classes, %d examples: want 0 or more, at least 2, at least 1",
			o.Groups, o.Classes, o.Examples)
	case o.Least < 0 || o.Negatives < 0 || !(o.Tail >= 0 && o.Tail <= 1):
		return fmt.Errorf("sample classes of at least %d images, tail %v, and %d negatives: want 0 or more, 0 to 1, 0 or more",
			o.Least, o.Tail, o.Negatives)
	case o.Tail > 0 && (o.Groups > 0 || o.Core > 0):
		return fmt.Errorf("sample classes: a tail of %v, and groups or a core: want only one of them", o.Tail)
	}
	return nil
}

// weigh adds up the chances of the classes.
func (c *Classes) weigh() {
	if c.options.Tail == 0 {
		return
	}
	total := 0.0
	for _, label := range c.all {
		total += math.Pow(float64(len(c.items[label])), c.options.Tail)
		c.upTo = append(c.upTo, total)
	}
}

// Sample gives max(1, Groups)·Classes·Examples rows and Negatives more. A group with fewer classes than asked for is made up
// from other groups; a class with fewer images than asked for shows some of them again.
func (c *Classes) Sample(step int) Sample {
	rng := newRand(c.options.Seed, forClasses, uint64(step))
	var s Sample
	labels := c.labels(rng)
	for _, label := range labels {
		s.Items = c.appendExamples(rng, s.Items, label)
	}
	for range c.options.Negatives {
		label := int32(rng.IntN(len(c.items)))
		for slices.Contains(labels, label) || len(c.items[label]) == 0 {
			label = int32(rng.IntN(len(c.items)))
		}
		labels = append(labels, label)
		s.Items = append(s.Items, oneOf(rng, c.items[label]))
	}
	return s
}

// labels draws the classes of one batch. A group is as likely as it has classes, so that each class is as likely as any
// (of the core, or of the others).
func (c *Classes) labels(rng *rand.Rand) []int32 {
	want := max(1, c.options.Groups) * c.options.Classes
	labels := make([]int32, 0, want)
	var groups []int32
	for len(groups) < c.options.Groups {
		if g := c.groupOf[c.draw(rng)]; !slices.Contains(groups, g) {
			groups = append(groups, g)
			labels = appendSome(rng, labels, c.groups[g], c.options.Classes)
		}
	}
	for len(labels) < want {
		if label := c.draw(rng); !slices.Contains(labels, label) {
			labels = append(labels, label)
			if c.hard.chosen(rng) {
				labels = c.appendLookalikes(rng, labels, want)
			}
		}
	}
	return labels
}

// appendLookalikes appends some of the classes that look like the last one, until there are want.
func (c *Classes) appendLookalikes(rng *rand.Rand, labels []int32, want int) []int32 {
	most := max(c.hard.Together-1, 0)
	near := c.hard.Index.Near[labels[len(labels)-1]]
	for _, at := range rng.Perm(min(len(near), 2*most)) { // twice as many, so that they are not the same ones every time
		if most == 0 || len(labels) == want {
			break
		}
		if label := near[at]; len(c.items[label]) >= c.options.Least && !slices.Contains(labels, label) {
			labels = append(labels, label)
			most--
		}
	}
	return labels
}

// appendExamples appends images of a class: any, or one, the one least like it, and any others.
func (c *Classes) appendExamples(rng *rand.Rand, to []int32, label int32) []int32 {
	items, n := c.items[label], c.options.Examples
	if n < 2 || !c.hard.chosen(rng) {
		return appendExamples(rng, to, items, n)
	}
	first := oneOf(rng, items)
	other := c.hard.far[first]
	if other < 0 {
		return appendExamples(rng, to, items, n)
	}
	rest := slices.DeleteFunc(slices.Clone(items), func(i int32) bool { return i == first || i == other })
	to = append(to, first, other)
	if len(rest) == 0 {
		rest = items
	}
	return appendExamples(rng, to, rest, n-2)
}

// draw picks a class, the core's with their share.
func (c *Classes) draw(rng *rand.Rand) int32 {
	switch {
	case c.upTo != nil:
		at, _ := slices.BinarySearch(c.upTo, rng.Float64()*c.upTo[len(c.upTo)-1])
		return c.all[at]
	case c.options.Core == 0:
		return oneOf(rng, c.all)
	case rng.Float64() < c.options.CoreShare:
		return oneOf(rng, c.core)
	}
	return oneOf(rng, c.rest)
}

// appendSome appends n different elements of from, or all of them in some order when there are fewer.
func appendSome(rng *rand.Rand, to, from []int32, n int) []int32 {
	for i, j := range rng.Perm(len(from)) {
		if i == n {
			break
		}
		to = append(to, from[j])
	}
	return to
}

// appendExamples appends n elements of from, each as often as any other, give or take one.
func appendExamples(rng *rand.Rand, to, from []int32, n int) []int32 {
	for n > len(from) {
		to = appendSome(rng, to, from, len(from))
		n -= len(from)
	}
	return appendSome(rng, to, from, n)
}
