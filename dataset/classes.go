package dataset

import (
	"fmt"
	"math"
	"slices"
)

// ClassOptions is the shape of the batches of [NewClassSampler].
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

// ClassSampler samples batches of P classes with K examples each (Hermans, Beyer, Leibe 2017, section 2), optionally from a few
// groups only. A row's class is row / K, up to the negatives.
type ClassSampler struct {
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

// NewClassSampler refuses a set with too few groups or classes of at least Least images, and sizes below one.
func NewClassSampler(s *Set, o ClassOptions) (*ClassSampler, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Least == 0 {
		o.Least = 2
	}
	c := &ClassSampler{options: o, items: s.ByClass(), groupOf: make([]int32, len(s.Classes))}
	c.arrange(s)
	if err := c.fit(s); err != nil {
		return nil, fmt.Errorf("sample classes of data set %s: %w", s.Name, err)
	}
	var err error
	c.hard, err = newHardness(s, o.Hard)
	return c, err
}

// arrange lists the classes that may be drawn.
func (c *ClassSampler) arrange(s *Set) {
	for _, labels := range s.byGroup() {
		usable := withItems(labels, c.items, c.options.Least)
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
		if int(label) < c.options.Core {
			c.core = append(c.core, label)
		} else {
			c.rest = append(c.rest, label)
		}
	}
	if c.options.Tail > 0 {
		total := 0.0
		for _, label := range c.all {
			total += math.Pow(float64(len(c.items[label])), c.options.Tail)
			c.upTo = append(c.upTo, total)
		}
	}
}

// fit says what the set has too little of.
func (c *ClassSampler) fit(s *Set) error {
	o := c.options
	want, some := max(1, o.Groups)*o.Classes, len(withItems(slices.Concat(s.byGroup()...), c.items, 1))
	switch {
	case o.Core > 0 && (len(c.core) == 0 || len(c.rest) == 0 || !(o.CoreShare > 0 && o.CoreShare < 1)):
		return fmt.Errorf("a core of %d classes with a share of %v: want some classes in the core, some outside, and a share between 0 and 1",
			o.Core, o.CoreShare)
	case o.Groups > len(c.groups):
		return fmt.Errorf("%d groups a batch, but it has %d with classes of %d images or more", o.Groups, len(c.groups), o.Least)
	case want > len(c.all):
		return fmt.Errorf("%d classes a batch, but it has %d of %d images or more", want, len(c.all), o.Least)
	case want+o.Negatives > some:
		return fmt.Errorf("%d classes a batch and %d more as negatives, but it has %d", want, o.Negatives, some)
	}
	return nil
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
