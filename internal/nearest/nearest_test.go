package nearest

import (
	"math"
	"math/rand/v2"
	"testing"
)

func vectors(rng *rand.Rand, n, d int) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, d)
		for j := range rows[i] {
			rows[i][j] = float32(100 + rng.NormFloat64()) // far from 0, where rounding would show
		}
	}
	return rows
}

func TestSquaredIsTheDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, c := range []struct{ m, n, d int }{{1, 1, 1}, {3, 70, 5}, {Block, 33, 16}, {Block + 1, 200, 31}, {130, 64, 128}} {
		queries, references := vectors(rng, c.m, c.d), vectors(rng, c.n, c.d)
		s := NewSquared(queries, references)
		dst := make([]float32, Block*c.n)
		for first := 0; first < c.m; first += Block {
			s.Rows(dst, first)
			for q := first; q < min(first+Block, c.m); q++ {
				for r := range references {
					want := 0.0
					for j, v := range queries[q] {
						want += (float64(v) - float64(references[r][j])) * (float64(v) - float64(references[r][j]))
					}
					if got := float64(dst[(q-first)*c.n+r] + s.Length2(q)); math.Abs(got-want) > 1e-4*(1+want) {
						t.Fatalf("%+v: distance of query %d and reference %d = %v, want %v", c, q, r, got, want)
					}
				}
			}
		}
	}
}
