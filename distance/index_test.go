package distance

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// own is a distance as another module writes one.
func own() Distance {
	return Distance{Name: "largest_difference", Of: func(a, b []float32) float32 {
		var most float32
		for j := range a {
			most = max(most, a[j]-b[j], b[j]-a[j])
		}
		return most
	}}
}

// everything is what an index is tried with.
func everything(d int) []Distance {
	alpha := vectors(9, 1, d, 0)[0]
	return append(All(), PairHead(alpha, 0.5), own())
}

// slow compares one by one and sorts.
func slow(d Distance, references [][]float32, k int, query []float32) []Neighbour {
	var all []Neighbour
	for r, v := range references {
		all = append(all, Neighbour{r, d.Of(query, v)})
	}
	slices.SortStableFunc(all, func(a, b Neighbour) int { return cmp.Compare(a.Distance, b.Distance) })
	return all[:min(k, len(all))]
}

// hostile are vectors among which products round badly: far from 0, close together, equal, 0, tiny and huge.
func hostile(d int) map[string][][]float32 {
	scaled := func(by float64, rows [][]float32) [][]float32 {
		for _, row := range rows {
			for j := range row {
				row[j] = float32(float64(row[j]) * by)
			}
		}
		return rows
	}
	zero := make([]float32, d)
	mixed := append(vectors(3, 40, d, 0), zero, zero)
	mixed = append(append(mixed, mixed[:20]...), scaled(1e-7, vectors(4, 20, d, 0))...)
	return map[string][][]float32{
		"around 0":       vectors(1, 130, d, 0),
		"far from 0":     vectors(2, 130, d, 300),
		"close together": scaled(1e-4, vectors(5, 130, d, 30000)),
		"tiny":           scaled(1e-25, vectors(6, 100, d, 0)),
		"huge":           scaled(1e25, vectors(7, 100, d, 0)),
		"mixed":          mixed,
		"all equal":      slices.Repeat(vectors(8, 1, d, 0), 60),
	}
}

func TestNearestIsWhatSortingEverythingFinds(t *testing.T) {
	for d, queries := range map[int]int{1: 9, 3: Block, 31: Block + 5, 128: 7} {
		for kind, rows := range hostile(d) {
			queries := append(vectors(11, queries, d, 0), rows[:5]...)
			queries = append(queries, make([]float32, d))
			for _, by := range everything(d) {
				checkNearest(t, by, kind, rows, queries)
			}
		}
	}
}

func checkNearest(t *testing.T, by Distance, kind string, rows, queries [][]float32) {
	t.Helper()
	x, err := NewIndex(by, rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{1, 7, len(rows) + 1} {
		got, err := x.Nearest(t.Context(), k, queries...)
		if err != nil {
			t.Fatal(err)
		}
		for q := range queries {
			if want := slow(by, rows, k, queries[q]); !slices.Equal(got[q], want) {
				t.Fatalf("%s, %s, d=%d: the %d nearest to query %d = %v, want %v", by.Name, kind, len(rows[0]), k, q, got[q], want)
			}
		}
	}
}

// Rows orders as the distance does, up to rounding.
func TestRowsOrderByDistance(t *testing.T) {
	for _, c := range []struct{ m, n, d int }{{1, 1, 1}, {3, 70, 5}, {Block, 33, 16}, {Block + 1, 200, 31}, {130, 64, 128}} {
		queries, references := vectors(1, c.m, c.d, 100), vectors(2, c.n, c.d, 100)
		x, err := NewIndex(SquaredEuclidean(), references)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, c.m*c.n)
		x.Rows(dst, queries)
		for q, query := range queries {
			row := dst[q*c.n : (q+1)*c.n]
			for r := range references {
				got := float64(row[r]) - float64(row[0])
				want := squares(wide(query), wide(references[r])) - squares(wide(query), wide(references[0]))
				if math.Abs(got-want) > 1e-4*(1+math.Abs(want)+float64(c.d)) {
					t.Fatalf("%+v: vectors %d and 0 differ by %v for query %d, want %v", c, r, got, q, want)
				}
			}
		}
	}
}

func TestAnIndexRefusesWhatItCannotCompare(t *testing.T) {
	good, nan := vectors(1, 3, 4, 0), []float32{0, 0, float32(math.NaN()), 0}
	for name, rows := range map[string][][]float32{
		"nothing": nil, "no numbers": {{}}, "two lengths": {{1, 2}, {1}}, "not a number": {good[0], nan},
	} {
		if _, err := NewIndex(Cosine(), rows); err == nil {
			t.Errorf("NewIndex of %s = no error", name)
		}
	}
	x, err := NewIndex(Cosine(), good)
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string][]float32{"another length": {1}, "not a number": nan} {
		if _, err := x.Nearest(t.Context(), 1, query); err == nil {
			t.Errorf("Nearest to a query of %s = no error", name)
		}
	}
	if _, err := x.Nearest(t.Context(), 0, good[0]); err == nil {
		t.Error("the 0 nearest = no error")
	}
	if found, err := x.Nearest(t.Context(), 1); err != nil || len(found) != 0 {
		t.Errorf("Nearest to no queries = %v, %v, want nothing", found, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Nearest(ended, 1, good[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("Nearest after the context's end = %v, want %v", err, context.Canceled)
	}
	panicsWith(t, "Rows", "query 0 has 1 numbers, the vectors have 4", func() { x.Rows(make([]float32, 3), [][]float32{{1}}) })
	panicsWith(t, "Rows", "2 numbers for 1 queries and 3 vectors, want 3", func() { x.Rows(make([]float32, 2), good[:1]) })
}

func TestSmallestIsTheFrontOfTheSortedRow(t *testing.T) {
	inf := float32(math.Inf(1))
	row := []float32{5, inf, 1, 3, 1, float32(math.NaN()), 0}
	for k, want := range map[int][]int{1: {6}, 3: {6, 2, 4}, 5: {6, 2, 4, 3, 0}, 100: {6, 2, 4, 3, 0}} {
		if got := Smallest(row, k); !slices.Equal(got, want) {
			t.Errorf("Smallest(k=%d) = %v, want %v", k, got, want)
		}
	}
	rng := rand.New(rand.NewPCG(7, 7))
	row, order := make([]float32, 500), make([]int, 500)
	for i := range row {
		row[i], order[i] = float32(rng.IntN(40)), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(row[a] - row[b]) })
	for _, k := range []int{1, 2, 10, 499, 500, 600} {
		if got := Smallest(row, k); !slices.Equal(got, order[:min(k, 500)]) {
			t.Errorf("Smallest(k=%d) of many equal numbers = %v, want %v", k, got, order[:min(k, 500)])
		}
	}
}

func BenchmarkNearest(b *testing.B) {
	references := vectors(1, 100_000, 128, 0)
	for _, m := range []int{1, Block} {
		queries := vectors(2, m, 128, 0)
		for _, d := range []Distance{Cosine(), L1()} {
			x, err := NewIndex(d, references)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(d.Name+map[bool]string{true: "/1", false: "/block"}[m == 1], func(b *testing.B) {
				for b.Loop() {
					if _, err := x.Nearest(b.Context(), 10, queries...); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
