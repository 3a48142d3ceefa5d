package report

import (
	"math"
	"strconv"
)

// Scale says how numbers spread along an axis.
type Scale int

// The scales. Log and Probit leave out numbers that they cannot show: 0 and below, or outside (0, 1).
const (
	Linear Scale = iota
	Log
	Probit // normal deviates, on which the errors of two normal distributions make a straight line (DET)
)

// Axis describes one side of a chart.
type Axis struct {
	Label    string
	Scale    Scale
	Min, Max float64 // range; both 0 means that of the data
	Percent  bool    // writes 0.25 as 25 %
}

// fitted is an axis fitted to its data: from, to and step are in scaled units.
type fitted struct {
	Axis
	from, to float64
	step     float64 // between ticks of a linear axis
}

// scaled maps v to the axis' units, and says whether it can be shown.
func (a Axis) scaled(v float64) (float64, bool) {
	switch a.Scale {
	case Log:
		v = math.Log10(v)
	case Probit:
		v = math.Sqrt2 * math.Erfinv(2*v-1)
	}
	return v, !math.IsNaN(v) && !math.IsInf(v, 0)
}

// fit gives the axis the range of values, widened to whole ticks on a linear axis.
func (a Axis) fit(values []float64) fitted {
	low, high := math.Inf(1), math.Inf(-1)
	if a.Min != 0 || a.Max != 0 {
		values = []float64{a.Min, a.Max}
	}
	for _, v := range values {
		if s, ok := a.scaled(v); ok {
			low, high = min(low, s), max(high, s)
		}
	}
	if low > high {
		low, high = 0, 1
	}
	least, most := low, high
	if low == high {
		low, high = low-0.5, high+0.5
	}
	f := fitted{a, low, high, roundStep((high - low) / 5)}
	if a.Min == 0 && a.Max == 0 && a.Scale == Linear {
		f.from, f.to = math.Floor(low/f.step)*f.step, math.Ceil(high/f.step)*f.step
		if a.Percent && 0 <= least && most <= 1 { // there is no part below none, and none above the whole
			f.from, f.to = max(f.from, 0), min(f.to, 1)
		}
	}
	return f
}

// at returns where v lies between the ends, 0 to 1, and whether the axis shows it.
func (f fitted) at(v float64) (float64, bool) {
	s, ok := f.scaled(v)
	if !ok {
		return 0, false
	}
	part := (s - f.from) / (f.to - f.from)
	return part, part >= -1e-9 && part <= 1+1e-9
}

// roundStep returns the next number that is 1, 2 or 5 times a power of ten.
func roundStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 5} {
		if rough <= m*power*1.0001 {
			return m * power
		}
	}
	return 10 * power
}

// tick is a labelled place on an axis.
type tick struct {
	at    float64 // 0 to 1
	label string
}

// leastTickGap keeps the labels of neighbouring ticks from running into each other.
const leastTickGap = 0.09

var probitTicks = []float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999}

func (f fitted) ticks() []tick {
	var values []float64
	switch f.Scale {
	case Linear:
		for i := math.Ceil(f.from/f.step - 1e-9); i*f.step <= f.to+1e-9*f.step; i++ {
			values = append(values, i*f.step)
		}
	case Log:
		steps := []float64{1}
		if f.to-f.from < 2 { // fewer than two powers of ten
			steps = []float64{1, 2, 5}
		}
		for e := math.Floor(f.from - 1e-9); e <= f.to+1e-9; e++ {
			for _, step := range steps {
				values = append(values, step*math.Pow(10, e))
			}
		}
	case Probit:
		values = probitTicks
	}
	var ticks []tick
	for _, v := range values {
		at, ok := f.at(v)
		if n := len(ticks); ok && at >= -1e-9 && (n == 0 || at-ticks[n-1].at > leastTickGap) {
			ticks = append(ticks, tick{at, f.label(v)})
		}
	}
	return ticks
}

// label writes a tick's value with as many digits as it needs.
func (f fitted) label(v float64) string {
	v = math.Round(v*1e9)/1e9 + 0 // never -0
	switch {
	case f.Percent:
		return strconv.FormatFloat(math.Round(v*1e8)/1e6, 'g', 6, 64) + " %"
	case f.Scale == Log && v < 0.001:
		return strconv.FormatFloat(v, 'e', 0, 64)
	case math.Abs(v) >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + " M"
	case math.Abs(v) >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + " k"
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
