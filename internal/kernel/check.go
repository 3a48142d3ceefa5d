package kernel

import (
	"fmt"
	"math"
	"os"
)

// Every accelerated loop is compared once with its portable one on a small case, before any is used, so that a loop that is
// wrong on a machine its author did not have cannot give wrong numbers there: the next slower set's is used instead.

// family is loops that are checked, and replaced, together.
type family struct {
	name string
	// tolerance is the largest difference of a number, relative to it or to 1 if it is less.
	tolerance float64
	// run gives numbers from every loop of the family of the active set.
	run func(r *results)
	// take replaces the family's loops.
	take func(set *implementation, by *implementation)
	// has says whether a set has the family at all; nil means every set.
	has func(set *implementation) bool
}

// results gathers the numbers of a run.
type results struct {
	numbers []float32
	seed    uint32
}

// put adds numbers, and gives them back.
func (r *results) put(x []float32) []float32 {
	r.numbers = append(r.numbers, x...)
	return x
}

// putBools adds 1 for true and 0 for false.
func (r *results) putBools(x []bool) {
	for _, is := range x {
		v := float32(0)
		if is {
			v = 1
		}
		r.numbers = append(r.numbers, v)
	}
}

// sample is n numbers from −2 to 2, the same in every run.
func (r *results) sample(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		r.seed = r.seed*1664525 + 1013904223
		x[i] = float32(int32(r.seed)) * 0x1p-30
	}
	return x
}

// disagreements lists the families that were replaced.
var disagreements []string

// Disagreements lists the families of loops that did not agree with the portable ones when the program began, with their
// instruction set. They are not used; the list is empty on a sound machine.
func Disagreements() []string { return disagreements }

func init() {
	wanted := os.Getenv("SIAM_CPU")
	sets := implementations()
	if wanted == "squares" {
		set := portable()
		set.name, set.product.squares, set.product.squaresFirst = wanted, squaresPortable, true
		sets = append(sets[:1], set)
	}
	active = choose(sets, wanted)
	for i := range sets {
		if &sets[i] == active {
			sets = sets[:i+1]
		}
	}
	disagreements = check(sets)
}

// check compares each set, slowest first, with the first, which is portable, and replaces families that disagree.
func check(sets []implementation) (wrong []string) {
	saved := active
	defer func() { active = saved }()
	for i := range families {
		f := &families[i]
		want := f.resultsOf(&sets[0])
		for s := 1; s < len(sets); s++ {
			set := &sets[s]
			if (f.has == nil || f.has(set)) && !f.agree(f.resultsOf(set), want) {
				wrong = append(wrong, fmt.Sprintf("%s (%s)", f.name, set.name))
				f.take(set, &sets[s-1])
			}
		}
	}
	return wrong
}

// resultsOf runs the family on a set. A panic leaves fewer numbers.
func (f *family) resultsOf(set *implementation) []float32 {
	active = set
	r := results{seed: 1}
	func() {
		defer func() { _ = recover() }()
		f.run(&r)
	}()
	return r.numbers
}

func (f *family) agree(got, want []float32) bool {
	if len(got) != len(want) {
		return false
	}
	for i, w := range want {
		g := got[i]
		if math.Abs(float64(g)-float64(w)) > f.tolerance*max(1, math.Abs(float64(w))) || (g != g) != (w != w) {
			return false
		}
	}
	return true
}
