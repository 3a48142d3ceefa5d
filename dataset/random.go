package dataset

import "math/rand/v2"

// What random numbers are for, so that no two uses of a seed see the same ones.
const (
	forPick = iota + 1
	forPairs
	forPool
	forClasses
	forEpisodes
	forAugment
	forAlphabet
	forHand
	forDrawing
	forLook
	forStream
)

// newRand gives the numbers of one place in a training, such as (seed, forAugment, step, row): they depend on nothing else,
// which is what makes sampling resumable and independent of the number of workers.
func newRand(seed uint64, place ...uint64) *rand.Rand {
	a, b := scramble(seed), seed
	for _, v := range place {
		a, b = scramble(a^v), b+a
	}
	return rand.New(rand.NewPCG(a, b))
}

// scramble is the finaliser of SplitMix64 (Steele, Lea, Flood 2014), after its increment.
func scramble(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}
