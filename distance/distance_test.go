package distance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// oracles are the formulas, in plain loops over float64.
var oracles = map[string]func(a, b []float64) float64{
	"squared_euclidean": squares,
	"euclidean":         func(a, b []float64) float64 { return math.Sqrt(squares(a, b)) },
	"l1": func(a, b []float64) float64 {
		return sum(a, b, func(x, y float64) float64 { return math.Abs(x - y) })
	},
	"cosine": func(a, b []float64) float64 {
		if product(a, a) == 0 || product(b, b) == 0 {
			return 1
		}
		return 1 - product(a, b)/math.Sqrt(product(a, a)*product(b, b))
	},
	"negative_dot": func(a, b []float64) float64 { return -product(a, b) },
	"snr": func(a, b []float64) float64 {
		noise := make([]float64, len(a))
		for j := range a {
			noise[j] = b[j] - a[j]
		}
		return variance(noise) / max(variance(a), 1e-6/float64(len(a)))
	},
}

func sum(a, b []float64, f func(x, y float64) float64) (total float64) {
	for j := range a {
		total += f(a[j], b[j])
	}
	return total
}

func product(a, b []float64) float64 {
	return sum(a, b, func(x, y float64) float64 { return x * y })
}

func squares(a, b []float64) float64 {
	return sum(a, b, func(x, y float64) float64 { return (x - y) * (x - y) })
}

func variance(x []float64) float64 {
	n := float64(len(x))
	mean := sum(x, x, func(v, _ float64) float64 { return v / n })
	return sum(x, x, func(v, _ float64) float64 { return (v - mean) * (v - mean) / n })
}

// vectors are normal numbers around middle.
func vectors(seed uint64, n, d int, middle float64) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, d)
		for j := range rows[i] {
			rows[i][j] = float32(middle + rng.NormFloat64())
		}
	}
	return rows
}

func wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for j, x := range v {
		w[j] = float64(x)
	}
	return w
}

func TestDistancesAreTheirFormulas(t *testing.T) {
	zero := make([]float32, 7)
	cases := append(vectors(1, 4, 7, 0), zero, zero, []float32{1e18, 0, 0, -1e18, 0, 0, 1}, []float32{1e-2, 0, 0, 0, 0, 0, 0})
	cases = append(cases, cases[0])
	long := vectors(2, 3, 4099, 0.5)
	for _, d := range All() {
		for _, rows := range [][][]float32{cases, long} {
			for i, a := range rows {
				for k, b := range rows {
					got, want := float64(d.Of(a, b)), oracles[d.Name](wide(a), wide(b))
					if !(math.Abs(got-want) <= 1e-6*(1+math.Abs(want))) && math.Abs(want) < math.MaxFloat32 {
						t.Errorf("%s of vectors %d and %d (n=%d) = %v, want %v", d.Name, i, k, len(a), got, want)
					}
				}
			}
		}
	}
}

// With Koch's pair head the distance is 1 − P(same) = 1 − σ(Σ α_j |a_j − b_j| + bias).
func TestPairHeadIsOneMinusP(t *testing.T) {
	d := PairHead([]float32{-2, 1, -0.5}, 1.5)
	a, b := []float32{0, 1, 2}, []float32{1, -1, 6}
	logit := 1.5 - 2*1 + 1*2 - 0.5*4
	if got, want := float64(d.Of(a, b)), 1-1/(1+math.Exp(-logit)); math.Abs(got-want) > 1e-7 {
		t.Errorf("distance = %v, want %v", got, want)
	}
	if got, want := float64(d.Of(a, a)), 1/(1+math.Exp(1.5)); math.Abs(got-want) > 1e-7 {
		t.Errorf("distance of equals = %v, want 1 − σ(bias) = %v", got, want)
	}
	if d.Of(a, b) != d.Of(b, a) {
		t.Errorf("distance(a, b) = %v, distance(b, a) = %v, want equal ones", d.Of(a, b), d.Of(b, a))
	}
}

func TestVectorsOfOtherLengthsPanicWithBothSizes(t *testing.T) {
	for _, d := range append(All(), PairHead(make([]float32, 5), 0)) {
		panicsWith(t, d.Name, "2 and 3 numbers", func() { d.Of(make([]float32, 2), make([]float32, 3)) })
	}
	panicsWith(t, "pair head", "5 weights on vectors of 3 numbers", func() {
		PairHead(make([]float32, 5), 0).Of(make([]float32, 3), make([]float32, 3))
	})
}

func panicsWith(t *testing.T, name, want string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("%s panics with %q, want one about %q", name, got, want)
		}
	}()
	f()
}

func TestByNameFindsAll(t *testing.T) {
	for _, want := range All() {
		if got, err := ByName(want.Name); err != nil || got.Name != want.Name {
			t.Errorf("ByName(%q) = %q, %v", want.Name, got.Name, err)
		}
	}
	if _, err := ByName("manhattan"); err == nil || !strings.Contains(err.Error(), "squared_euclidean") {
		t.Errorf("ByName(manhattan) error = %v, want one that lists the names", err)
	}
}

func TestCheckNamesTheVector(t *testing.T) {
	good, short := []float32{1, 2}, []float32{1}
	if err := Check(2, good, good); err != nil {
		t.Errorf("Check of good vectors = %v, want nil", err)
	}
	for want, bad := range map[string][]float32{
		"embedding 2 has 1 numbers, want 2":  short,
		"embedding 2 has 0 numbers, want 2":  nil,
		"embedding 2 holds NaN as number 1":  {float32(math.NaN()), 0},
		"embedding 2 holds -Inf as number 2": {0, float32(math.Inf(-1))},
	} {
		if err := Check(2, good, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check = %v, want an error with %q", err, want)
		}
	}
}
