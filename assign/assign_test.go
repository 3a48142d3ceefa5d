package assign

import (
	"math"
	"math/rand/v2"
	"testing"
)

// best tries every pairing of the rows from row on.
func best(cost []float64, rows, cols int, limit float64, row int, taken uint) float64 {
	if row == rows {
		return 0
	}
	least := limit + best(cost, rows, cols, limit, row+1, taken)
	for col := range cols {
		c := cost[row*cols+col]
		if taken>>col&1 == 0 && !math.IsNaN(c) && !math.IsInf(c, 1) {
			least = min(least, c+best(cost, rows, cols, limit, row+1, taken|1<<col))
		}
	}
	return least
}

func total(t *testing.T, cost []float64, cols int, limit float64, rowTo []int) float64 {
	t.Helper()
	sum, taken := 0.0, map[int]bool{}
	for row, col := range rowTo {
		if col < 0 {
			sum += limit
			continue
		}
		if taken[col] {
			t.Fatalf("Solve = %v: column %d twice", rowTo, col)
		}
		taken[col] = true
		sum += cost[row*cols+col]
	}
	return sum
}

func TestSolveIsAsGoodAsTryingEverything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s Solver
	for range 4000 {
		rows, cols := random.IntN(7), random.IntN(7)
		cost := make([]float64, rows*cols)
		for i := range cost {
			switch random.IntN(8) {
			case 0:
				cost[i] = math.Inf(1)
			case 1:
				cost[i] = math.NaN()
			case 2, 3:
				cost[i] = float64(random.IntN(4)) // ties
			default:
				cost[i] = random.Float64()*4 - 1
			}
		}
		for _, limit := range []float64{0, 0.7, 2, 100} {
			got := total(t, cost, cols, limit, s.Solve(cost, rows, cols, limit))
			if want := best(cost, rows, cols, limit, 0, 0); math.Abs(got-want) > 1e-9 {
				t.Fatalf("Solve(%v, %d×%d, limit %g) costs %g, want %g", cost, rows, cols, limit, got, want)
			}
		}
	}
}

func TestSolveNeverMakesAPairAtTheLimit(t *testing.T) {
	if got := Solve([]float64{1, 2}, 2, 1, 1); got[0] != -1 || got[1] != -1 {
		t.Errorf("Solve = %v, want no pair", got)
	}
}

func BenchmarkSolveDense1000(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 1000
	cost := make([]float64, n*n)
	for i := range cost {
		cost[i] = random.Float64()
	}
	var s Solver
	for b.Loop() {
		s.Solve(cost, n, n, 1e6)
	}
}
