package eval

import (
	"math/rand/v2"
	"slices"
	"sort"
)

const (
	dealings  = 1999 // of the labels at random
	mostDealt = 400  // images that are dealt their labels
)

// Chance is the probability that labels dealt at random among the images of each group would make the images of a class as near to each
// other as the true ones do, in [1/2000, 1]: R. A. Fisher's permutation test of the mean rank of the same pairs among all of their group,
// with 1,999 dealings. It holds exactly for any network, any distances and any number of images, and small values say that the network
// tells something apart. Of more than 400 images, an even choice is tested. It is 1 where no group has a same pair.
func (items Items) Chance(distance func(i, j int) float32, seed uint64) float64 {
	groups, err := items.groups(false)
	if err != nil {
		return 1
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	var tests []*rankTest
	images := 0
	for _, g := range groups {
		for _, c := range g.classes {
			images += len(c.rows)
		}
	}
	for _, g := range groups {
		var rows, labels []int
		for _, c := range g.classes {
			for _, row := range c.rows[:min(len(c.rows), max(2, len(c.rows)*mostDealt/max(images, mostDealt)))] {
				rows, labels = append(rows, row), append(labels, c.label)
			}
		}
		tests = append(tests, newRankTest(rows, labels, distance))
	}
	return chance(tests, rng)
}

// chance deals labels until it is known how seldom the same pairs are as near as they are.
func chance(tests []*rankTest, rng *rand.Rand) float64 {
	truth, asNear := 0.0, 1
	for _, t := range tests {
		truth += t.sum()
	}
	if truth == 0 {
		return 1
	}
	for range dealings {
		sum := 0.0
		for _, t := range tests {
			rng.Shuffle(len(t.labels), func(i, j int) { t.labels[i], t.labels[j] = t.labels[j], t.labels[i] })
			sum += t.sum()
		}
		if sum <= truth {
			asNear++
		}
	}
	return float64(asNear) / (dealings + 1)
}

// rankTest is the images of one group: the ranks [n, n] of their distances, and their labels as they are dealt.
type rankTest struct {
	labels []int
	ranks  []float64
}

func newRankTest(rows, labels []int, distance func(i, j int) float32) *rankTest {
	n := len(rows)
	t := &rankTest{labels: slices.Clone(labels), ranks: make([]float64, n*n)}
	var all []float32
	between := make([]float32, n*n)
	for i := range n {
		for j := range i {
			between[i*n+j] = distance(rows[i], rows[j])
			all = append(all, between[i*n+j])
		}
	}
	slices.Sort(all)
	for i := range n {
		for j := range i { // distances that are equal share the middle of their ranks
			d := between[i*n+j]
			below, _ := slices.BinarySearch(all, d)
			above := sort.Search(len(all), func(k int) bool { return all[k] > d })
			t.ranks[i*n+j] = 1 + float64(below+above)/2
		}
	}
	return t
}

// sum adds the ranks of the pairs whose labels agree: as many in every dealing.
func (t *rankTest) sum() float64 {
	sum, n := 0.0, len(t.labels)
	for i := range n {
		for j := range i {
			if t.labels[i] == t.labels[j] {
				sum += t.ranks[i*n+j]
			}
		}
	}
	return sum
}
