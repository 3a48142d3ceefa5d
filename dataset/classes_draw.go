package dataset

import (
	"math/rand/v2"
	"slices"
)

// Sample gives max(1, Groups)·Classes·Examples rows and Negatives more. A group with fewer classes than asked for is made up
// from other groups; a class with fewer images than asked for shows some of them again.
func (c *ClassSampler) Sample(step int) Sample {
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
func (c *ClassSampler) labels(rng *rand.Rand) []int32 {
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
func (c *ClassSampler) appendLookalikes(rng *rand.Rand, labels []int32, want int) []int32 {
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
func (c *ClassSampler) appendExamples(rng *rand.Rand, to []int32, label int32) []int32 {
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
func (c *ClassSampler) draw(rng *rand.Rand) int32 {
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
