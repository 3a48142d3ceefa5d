package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/siam-go/siam/internal/parallel"
)

// Bootstrap returns statistic over the rows 0 … n-1 with the percentile interval of its values over resamples draws of n
// rows with replacement (B. Efron, "Bootstrap methods: another look at the jackknife", 1979). When observations come in
// clusters that are alike inside, let a row be a cluster.
//
// Statistic is called from several goroutines and must not keep rows. The same seed gives the same interval on any number
// of cores.
func Bootstrap(n, resamples int, seed uint64, statistic func(rows []int) float64) Estimate {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	value := 0.0
	if n > 0 {
		value = statistic(all)
	}
	if n < 2 || resamples < 2 {
		return Estimate{Value: value, CI95: Interval{value, value}, N: n}
	}
	draws := make([]float64, resamples)
	parallel.Ranges(resamples, func(lo, hi int) {
		rows := make([]int, n)
		for r := lo; r < hi; r++ {
			rng := rand.New(rand.NewPCG(seed, uint64(r)))
			for i := range rows {
				rows[i] = rng.IntN(n)
			}
			draws[r] = statistic(rows)
		}
	})
	slices.Sort(draws)
	return Estimate{Value: value, CI95: Interval{Quantile(draws, 0.025), Quantile(draws, 0.975)}, N: n}
}

// ErrorsByUnit returns the standard errors of numbers that are measured on units, such as people with their photographs: of each, the deviation
// over resamples draws of as many units with replacement, times √(U/(U−1)). Times says how often each unit was drawn; a pair of
// two units then counts as often as their product. A number that a draw cannot give is NaN, and the draw does not count for it. What holds
// for statistic and for the seed is as for [Bootstrap].
func ErrorsByUnit(units, resamples int, seed uint64, statistic func(times []int) []float64) []float64 {
	draws := make([][]float64, resamples)
	parallel.Ranges(resamples, func(lo, hi int) {
		times := make([]int, units)
		for r := lo; r < hi; r++ {
			rng := rand.New(rand.NewPCG(seed, uint64(r)))
			clear(times)
			for range units {
				times[rng.IntN(units)]++
			}
			draws[r] = statistic(times)
		}
	})
	errors := make([]float64, len(draws[0]))
	for i := range errors {
		var values []float64
		for _, draw := range draws {
			if !math.IsNaN(draw[i]) {
				values = append(values, draw[i])
			}
		}
		if len(values) > 1 {
			errors[i] = stat.PopStdDev(values, nil) * math.Sqrt(float64(units)/float64(max(units-1, 1)))
		}
	}
	return errors
}

// Quantile returns the q-quantile of sorted values, q in [0, 1], linear between neighbours (numpy's default); 0 when there
// are none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := min(max(q, 0), 1) * float64(len(sorted)-1)
	i := int(at)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	part := at - float64(i)
	return sorted[i]*(1-part) + sorted[i+1]*part
}
