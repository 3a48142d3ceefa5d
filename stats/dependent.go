package stats

import (
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Spread is how far a measured number in [0, 1] may be off when its trials depend on each other, as those do that share a person.
type Spread struct {
	Error float64 // standard error, by independent units
	Units int     // independent units, such as people
	// Least is the effective number of trials if those of one unit, or of one pair of units, are half alike (correlation 1/2). It
	// stands in for what Error cannot know where hardly any trial came out otherwise.
	Least float64
}

// CI95 is Wilson's interval of value for the effective number of trials n*, which is as many independent trials as have that standard
// error, made smaller for Student's distribution on Units-1 degrees of freedom:
//
//	n = value(1−value)/Error²,  k = n·min(value, 1−value)
//	n* = min(n, (k + 1) / (k/n + 1/Least)) · (z / t(0.975, Units−1))²
//
// R. Fogliato, P. Patil, P. Perona, "Confidence intervals for error rates in 1:1 matching tasks", 2024, find that Wilson's interval with
// a variance that knows of the dependence covers best; the degrees of freedom are those of E. L. Korn, B. I. Graubard, "Confidence
// intervals for proportions with small expected number of positive counts", 1998. The second line is ours: the fewer trials k
// came out otherwise, the more Least counts in place of n. So value 0 or 1, whose Error is 0, has an interval too: of 3/Least or so.
// One unit alone, whose like was not seen, has the interval [0, 1].
func (s Spread) CI95(value float64) Interval {
	if s.Units < 2 || s.Least <= 0 {
		return Interval{0, 1}
	}
	least := min(value, 1-value)
	effective := s.Least
	if least > 0 && s.Error > 0 {
		n := value * (1 - value) / (s.Error * s.Error)
		k := n * least
		effective = min(n, (k+1)/(k/n+1/s.Least))
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(s.Units - 1)}.Quantile(0.975)
	return wilson(value, effective*z95*z95/(t*t))
}

// Trials are observations that share units: the pairs of a person, or the episodes of an alphabet.
type Trials struct {
	Values  []float64 // in [0, 1]
	Weights []float64 // how much each counts; nil counts all alike
	// Classes are what each was made from, such as the one or the two people of a pair of photographs; numbers from 0.
	Classes [][2]int
	// Units is the independent unit that each class belongs to, such as the alphabet of a character; nil when classes are units.
	Units []int
	Of    string // what they are, for [Estimate]
}

// Mean is the mean of the values with an interval by units.
func (t Trials) Mean() Estimate { return MeanOf(t) }

// Spread is that of a number whose standard error was found otherwise, such as by [ErrorsByUnit].
func (t Trials) Spread(err float64) Spread {
	units := t.units()
	slices.Sort(units)
	return Spread{Error: err, Units: len(slices.Compact(units)), Least: t.least()}
}

// MeanOf is the mean of several means, each counting the same: half the same pairs and half the different ones make an accuracy. N counts
// the trials of all. Its standard error is the jackknife's by units (B. Efron, C. Stein, "The jackknife estimate of variance", 1981), which
// leaves out one of U units after the other, with all trials that it has a part in:
//
//	Error² = (U−1)/U · Σ_u (mean without u − mean of these)²
//
// That errs to the safe side where trials are of two units. Where all trials of a part share one unit, the interval is [0, 1].
func MeanOf(parts ...Trials) Estimate {
	units, least := []int{}, math.Inf(1)
	for _, part := range parts {
		units = append(units, part.units()...)
		least = min(least, part.least()*float64(len(parts)))
	}
	slices.Sort(units)
	units = slices.Compact(units)
	e := Estimate{CI95: Interval{0, 1}}
	if len(units) == 0 {
		return e
	}
	without := make([]float64, len(units))
	for _, part := range parts {
		mean, leaving := part.leaveOneOut(units)
		e.Value += mean / float64(len(parts))
		e.N += len(part.Values)
		e.Of = part.Of
		for u, v := range leaving {
			without[u] += v / float64(len(parts))
		}
	}
	u := float64(len(units))
	spread := Spread{Error: stat.PopStdDev(without, nil) * math.Sqrt(u-1), Units: len(units), Least: least}
	if math.IsNaN(spread.Error) {
		spread.Units = 1
	}
	e.CI95 = spread.CI95(e.Value)
	return e
}

// Difference is the mean of values in [-1, 1], each what one system made of a trial less what another made of it, with Student's interval on
// U−1 degrees of freedom by units, and the two-sided p-value of a mean of 0. Where all units have the same mean, such as 0, the
// error is that of what was never seen: a part of all trials that goes to the end of the interval of 0. With one unit the interval is
// [-1, 1], and p is 1.
func (t Trials) Difference() (e Estimate, p float64) {
	spread, units := t.Spread(0), t.units()
	slices.Sort(units)
	units = slices.Compact(units)
	e = Estimate{CI95: Interval{-1, 1}, N: len(t.Values), Of: t.Of}
	if len(units) == 0 {
		return e, 1
	}
	mean, without := t.leaveOneOut(units)
	e.Value = mean
	err := stat.PopStdDev(without, nil) * math.Sqrt(float64(len(units)-1))
	if math.IsNaN(err) || len(units) < 2 {
		return e, 1
	}
	student := distuv.StudentsT{Sigma: 1, Nu: float64(len(units) - 1)}
	t975 := student.Quantile(0.975)
	if err == 0 {
		err = spread.CI95(0)[1] / t975
	}
	half := t975 * err
	e.CI95 = Interval{mean - half, mean + half}.Within(-1, 1)
	return e, 2 * student.CDF(-math.Abs(mean)/err)
}

// leaveOneOut is the weighted mean of the values, and that without the trials of each unit: NaN where none are left.
func (t Trials) leaveOneOut(units []int) (mean float64, without []float64) {
	place := make(map[int]int, len(units))
	for i, u := range units {
		place[u] = i
	}
	sum, weights := 0.0, 0.0
	own := make([][2]float64, len(units)) // sums of weighted values and of weights
	for i, v := range t.Values {
		w := t.weight(i)
		sum, weights = sum+w*v, weights+w
		a, b := place[t.unit(t.Classes[i][0])], place[t.unit(t.Classes[i][1])]
		own[a][0], own[a][1] = own[a][0]+w*v, own[a][1]+w
		if a != b {
			own[b][0], own[b][1] = own[b][0]+w*v, own[b][1]+w
		}
	}
	without = make([]float64, len(units))
	for i, o := range own {
		if without[i] = math.NaN(); weights-o[1] > 1e-9*weights {
			without[i] = (sum - o[0]) / (weights - o[1])
		}
	}
	return min(sum/max(weights, math.SmallestNonzeroFloat64), 1), without // rounding must not lead out of the range
}

func (t Trials) weight(i int) float64 {
	if t.Weights == nil {
		return 1
	}
	return t.Weights[i]
}

// unit is that of a class.
func (t Trials) unit(class int) int {
	if t.Units == nil {
		return class
	}
	return t.Units[class]
}

// units lists the units of the trials, perhaps more than once.
func (t Trials) units() []int {
	var units []int
	for _, c := range t.Classes {
		units = append(units, t.unit(c[0]), t.unit(c[1]))
	}
	return units
}

// least is [Spread.Least]: m trials of one class, or of one pair of classes, count as 2m/(m+1).
func (t Trials) least() float64 {
	count := map[[2]int]float64{}
	for _, c := range t.Classes {
		count[[2]int{min(c[0], c[1]), max(c[0], c[1])}]++
	}
	sum := 0.0
	for _, m := range slices.Sorted(maps.Values(count)) { // in order, so that rounding is always the same
		sum += 2 * m / (m + 1)
	}
	return sum
}
