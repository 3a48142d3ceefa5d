package search

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/distance"
)

// own is a distance that another module brings.
var own = distance.Distance{Name: "largest_difference", Of: func(a, b []float32) float32 {
	var most float32
	for j := range a {
		most = max(most, a[j]-b[j], b[j]-a[j])
	}
	return most
}}

// gauss is n vectors of d normal numbers around middle.
func gauss(seed uint64, n, d int, middle, spread float64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	v := make([]float32, n*d)
	for i := range v {
		v[i] = float32(middle + spread*rng.NormFloat64())
	}
	return v
}

// rowsOf cuts vectors apart.
func rowsOf(vectors []float32, d int) [][]float32 { return slices.Collect(slices.Chunk(vectors, d)) }

// slow is the definition: compare one by one and sort.
func slow(by distance.Distance, d int, vectors []float32, k int, probe []float32) []distance.Neighbour {
	var all []distance.Neighbour
	for r, v := range rowsOf(vectors, d) {
		if near := by.Of(probe, v); near == near {
			all = append(all, distance.Neighbour{Row: r, Distance: near})
		}
	}
	return first(all, k)
}

// searcher is what Exact and Compact have in common.
type searcher interface {
	Nearest(ctx context.Context, k int, probes ...[]float32) ([][]distance.Neighbour, error)
}

// sets are vectors among which float32 rounds badly, or whose number is odd.
func sets(d int) map[string][]float32 {
	mixed := slices.Concat(gauss(3, 40, d, 0, 1), make([]float32, 2*d))
	mixed = slices.Concat(mixed, mixed[:20*d], gauss(4, 20, d, 0, 1e-7))
	return map[string][]float32{
		"none": nil, "one": gauss(1, 1, d, 0, 1), "three": gauss(1, 3, d, 0, 1), "a block less one": gauss(1, blockRows-1, d, 0, 1),
		"some blocks": gauss(2, 2*blockRows+5, d, 0, 1), "far from 0": gauss(2, 600, d, 300, 1), "close together": gauss(5, 130, d, 30000, 1e-4),
		"tiny": gauss(6, 100, d, 0, 1e-25), "huge": gauss(7, 100, d, 0, 1e25), "mixed": mixed,
		"all equal": slices.Repeat(gauss(8, 1, d, 0, 1), 700), "all 0": make([]float32, 10*d),
	}
}

func TestExactSearchesFindWhatComparingOneByOneFinds(t *testing.T) {
	alpha := gauss(9, 1, 19, 0, 1)
	for _, by := range append(distance.All(), distance.PairHead(alpha, 0.5), own) {
		for _, d := range []int{19, 16} {
			if by.Name == distance.PairHead(alpha, 0).Name && d != 19 {
				continue
			}
			for name, vectors := range sets(d) {
				exact, err := NewExact(by, d, vectors)
				if err != nil {
					t.Fatal(err)
				}
				compact, err := NewCompact(by, d, vectors)
				if err != nil {
					t.Fatal(err)
				}
				probes := rowsOf(slices.Concat(gauss(10, 62, d, 0, 1), vectors[:min(len(vectors), 4*d)], make([]float32, d), gauss(11, 2, d, 0, 1e30)), d)
				compare(t, fmt.Sprintf("%s, d=%d, %s", by.Name, d, name), by, d, vectors, probes, exact, compact)
			}
		}
	}
}

func compare(t *testing.T, name string, by distance.Distance, d int, vectors []float32, probes [][]float32, searchers ...searcher) {
	t.Helper()
	all := make([][]distance.Neighbour, len(probes))
	for i, probe := range probes {
		all[i] = slow(by, d, vectors, len(vectors)+1, probe)
	}
	for _, k := range []int{1, 10, 2000} {
		for _, s := range searchers {
			for _, m := range []int{len(probes), 3} {
				got, err := s.Nearest(t.Context(), k, probes[len(probes)-m:]...)
				if err != nil {
					t.Fatal(err)
				}
				for i := range m {
					want := all[len(probes)-m+i]
					if want = want[:min(k, len(want))]; !slices.Equal(got[i], want) {
						t.Fatalf("%s, k=%d, %T, probe %d of %d = %v, want %v", name, k, s, i, m, got[i][:min(3, len(got[i]))], want[:min(3, len(want))])
					}
				}
			}
		}
	}
}

func TestNumbersThatAreNotFiniteAreRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for want, vectors := range map[string][]float32{
		"vector 2 holds NaN as number 1": {1, 2, nan, 4}, "vector 1 holds +Inf as number 2": {1, inf, 3, 4}, "3 numbers are no vectors of 2": {1, 2, 3},
	} {
		if _, err := NewExact(distance.Cosine(), 2, vectors); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewExact = %v, want an error with %q", err, want)
		}
	}
	x, err := NewExact(distance.Cosine(), 2, []float32{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	for want, probe := range map[string][]float32{"probe 1 holds NaN": {nan, 1}, "probe 1 has 3 numbers, want 2": {1, 2, 3}} {
		if _, err := x.Nearest(t.Context(), 1, probe); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Nearest = %v, want an error with %q", err, want)
		}
	}
	if _, err := x.Nearest(t.Context(), 0, []float32{1, 2}); err == nil {
		t.Error("Nearest of 0 succeeded, want an error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Nearest(ended, 1, []float32{1, 2}); err == nil {
		t.Error("Nearest after its context ended succeeded, want an error")
	}
	if _, err := NewExact(distance.Distance{}, 2, nil); err == nil {
		t.Error("NewExact of no distance succeeded, want an error")
	}
}
