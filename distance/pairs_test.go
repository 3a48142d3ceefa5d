package distance

import (
	"math"
	"testing"
)

func TestPairsAreTheDistancesOfAll(t *testing.T) {
	const d = 19
	for name, rows := range hostile(d) {
		for _, by := range everything(d) {
			pairs, err := NewPairs(by, rows)
			if err != nil {
				t.Fatal(err)
			}
			n := len(rows)
			got := make([]float32, n*n)
			pairs.Rows(got[:5*n], 0, 5)
			pairs.Rows(got[5*n:], 5, n)
			for i := range n {
				for j := range n {
					want := by.Of(rows[min(i, j)], rows[max(i, j)])
					if g := got[i*n+j]; !(math.Abs(float64(g)-float64(want)) <= math.Abs(float64(want))/showsAt) && g != want {
						t.Fatalf("%s, %s: distance of %d and %d = %v, want %v", name, by.Name, i, j, g, want)
					}
					if want == 0 && got[i*n+j] != 0 {
						t.Errorf("%s, %s: distance of %d from itself = %v, want %v", name, by.Name, i, got[i*n+j], want)
					}
				}
			}
		}
	}
}

func TestPairsOfUnitVectorsAreExactToSixDigits(t *testing.T) {
	rows := vectors(1, 200, 128, 0)
	for _, row := range rows {
		long := float32(length(row))
		for j := range row {
			row[j] /= long
		}
	}
	for _, by := range []Distance{SquaredEuclidean(), Euclidean(), Cosine()} {
		pairs, err := NewPairs(by, rows)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(rows)*len(rows))
		pairs.Rows(got, 0, len(rows))
		for i, a := range rows {
			for j, b := range rows[i:] {
				if g, want := float64(got[i*len(rows)+i+j]), float64(by.Of(a, b)); math.Abs(g-want) > 1e-6 {
					t.Errorf("%s: distance of %d and %d = %v, want %v", by.Name, i, i+j, g, want)
				}
			}
		}
	}
}

func TestPairsRefuseWhatCannotBeCompared(t *testing.T) {
	if _, err := NewPairs(Cosine(), [][]float32{{1, 2}, {float32(math.NaN()), 0}}); err == nil {
		t.Error("NewPairs of NaN succeeded, want an error")
	}
	pairs, _ := NewPairs(Cosine(), [][]float32{{1, 2}, {3, 4}})
	panicsWith(t, "pairs", "3 numbers for 1 rows of 2", func() { pairs.Rows(make([]float32, 3), 0, 1) })
}
