package stats

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"
)

// McNemarTest compares two systems that answered the same trials.
type McNemarTest struct {
	OnlyA int     `json:"only_a"` // trials that only the first system got right
	OnlyB int     `json:"only_b"` // trials that only the second system got right
	N     int     `json:"n"`      // trials
	P     float64 `json:"p"`      // two-sided exact p-value
}

// McNemar tests whether two systems are right equally often, from their answers to the same trials. Under that hypothesis
// the OnlyA + OnlyB trials on which they differ are fair coin throws, so
//
//	P = min(1, 2 · Σ_{i ≤ min(OnlyA, OnlyB)} C(OnlyA+OnlyB, i) / 2^(OnlyA+OnlyB))
//
// (Q. McNemar, 1947, in its exact binomial form.) It panics when the lengths differ.
func McNemar(a, b []bool) McNemarTest {
	mustMatch("McNemar", len(a), len(b))
	test := McNemarTest{N: len(a), P: 1}
	for i := range a {
		switch {
		case a[i] && !b[i]:
			test.OnlyA++
		case b[i] && !a[i]:
			test.OnlyB++
		}
	}
	differ, fewer := test.OnlyA+test.OnlyB, min(test.OnlyA, test.OnlyB)
	if differ > 0 {
		coin := distuv.Binomial{N: float64(differ), P: 0.5}
		test.P = min(1, 2*coin.CDF(float64(fewer)))
	}
	return test
}

func mustMatch(what string, a, b int) {
	if a != b {
		panic(fmt.Sprintf("stats: %s of %d and %d trials, want the same trials", what, a, b))
	}
}
