package gallery

import (
	"cmp"
	"math"
	"slices"
)

// AtSize is what a smaller gallery of the same people would do, or this one: means over all ways to choose its ids.
type AtSize struct {
	IDs   int     `json:"ids"`
	Match float32 `json:"match"` // the threshold that keeps the promise at that size
	FNIR  float64 `json:"fnir"`  // enrolled people not matched at it
	FPIR  float64 `json:"fpir"`  // strangers matched at the threshold of the whole gallery
}

// leastSize is the smallest gallery that is looked at.
const leastSize = 2

// sizes are this gallery and its halves, smallest first. That a gallery of m of n ids has none of the c ids that lie within a distance has
// probability C(n−c, m) / C(n, m), so no galleries need be drawn.
func (c *comparisons) sizes(mated []trial, match float32, promise float64) []AtSize {
	list := []AtSize{}
	for m := len(c.ids); m >= leastSize && len(mated) > 0; m /= 2 {
		at := AtSize{IDs: m, Match: c.matchAt(m, promise)}
		at.FNIR = mean(mated, func(t trial) float64 {
			if t.own > at.Match || t.own >= t.rejected {
				return 1
			}
			return 1 - none(len(c.ids)-1, t.within(t.own), m-1)
		})
		at.FPIR = mean(c.strangersAt(m), func(t trial) float64 { return c.met(t, t.within(match), m) })
		list = append(list, at)
	}
	slices.Reverse(list)
	return list
}

// within is how many other ids are at most so far.
func (t trial) within(d float32) int {
	n, _ := slices.BinarySearchFunc(t.others, d, func(a, d float32) int {
		if a <= d {
			return -1
		}
		return 1
	})
	return n
}

// met is the probability that a gallery of m ids has one of the near ids of somebody who is not in it.
func (c *comparisons) met(t trial, near, m int) float64 {
	n := len(c.ids)
	if t.person < n {
		n--
	}
	return 1 - none(n, near, min(m, n))
}

// none is the probability that m of n things, drawn at random, are none of a certain few.
func none(n, few, m int) float64 {
	p := 1.
	for i := range few {
		p *= max(float64(n-m-i), 0) / float64(n-i)
	}
	return p
}

// strangersAt are the trials as strangers of a gallery of m ids. Enrolled people, who are not in it, can meet all of it but where it is
// the whole.
func (c *comparisons) strangersAt(m int) []trial {
	list := slices.Clone(c.trials)
	n := len(c.ids)
	for i, t := range list {
		if t.person < n && m == n {
			list[i].weight *= float64(n) / float64(max(n-1, 1))
		}
	}
	return list
}

// matchAt is the largest distance at which a gallery of m ids keeps the promise.
func (c *comparisons) matchAt(m int, promise float64) float32 {
	type step struct {
		at, more float64 // distance, and by how much the expected matches grow there
	}
	trials := c.strangersAt(m)
	var steps []step
	for _, t := range trials {
		before := 0.
		for i, d := range t.others {
			now := c.met(t, i+1, m)
			steps = append(steps, step{float64(d), t.weight * (now - before)})
			before = now
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	allowed := promise*float64(peopleOf(trials)+1) + 1e-9
	threshold := math.Inf(-1)
	if len(steps) > 0 {
		threshold = math.Nextafter(steps[0].at, math.Inf(-1))
	}
	for i, s := range steps {
		if allowed -= s.more; allowed < 0 {
			break
		}
		if i+1 == len(steps) || steps[i+1].at > s.at {
			threshold = s.at
		}
	}
	return float32(threshold)
}
