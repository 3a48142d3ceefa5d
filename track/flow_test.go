package track

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// randomNetwork has n detections with costs and links at random.
func randomNetwork(rng *rand.Rand, n, links int) Network {
	net := Network{Enter: rng.Float64(), Exit: rng.Float64()}
	for range n {
		net.Cost = append(net.Cost, 2*rng.Float64()-1.5)
	}
	used := map[[2]int]bool{}
	for range links {
		from, to := rng.IntN(n), rng.IntN(n)
		if from > to {
			from, to = to, from
		}
		if from != to && !used[[2]int{from, to}] {
			used[[2]int{from, to}] = true
			net.Links = append(net.Links, Link{from, to, rng.Float64()})
		}
	}
	return net
}

// paid adds up tracks, and fails where they share a detection or use a link that is not there.
func (n Network) paid(t *testing.T, tracks [][]int) (sum float64) {
	t.Helper()
	links, used := map[[2]int]float64{}, map[int]bool{}
	for _, l := range n.Links {
		links[[2]int{l.From, l.To}] = l.Cost
	}
	for _, one := range tracks {
		sum += n.Enter + n.Exit
		for k, i := range one {
			if used[i] {
				t.Fatalf("detection %d is in two tracks: %v", i, tracks)
			}
			used[i] = true
			sum += n.Cost[i]
			if k > 0 {
				c, there := links[[2]int{one[k-1], i}]
				if !there {
					t.Fatalf("track %v uses a link that is not there", one)
				}
				sum += c
			}
		}
	}
	return sum
}

// program is the same as a linear program: flow along each detection x, entry e, exit o and link l in [0, 1], in and out of each detection.
func (n Network) program(t *testing.T) float64 {
	t.Helper()
	d, l := len(n.Cost), len(n.Links)
	vars := 4*d + l // x, e, o, slack of x ≤ 1, links
	c := make([]float64, vars)
	rows := mat.NewDense(3*d, vars, nil)
	b := make([]float64, 3*d)
	for i, cost := range n.Cost {
		c[i], c[d+i], c[2*d+i] = cost, n.Enter, n.Exit
		rows.Set(i, i, 1) // x + slack = 1
		rows.Set(i, 3*d+i, 1)
		b[i] = 1
		rows.Set(d+i, i, -1) // e + links in = x
		rows.Set(d+i, d+i, 1)
		rows.Set(2*d+i, i, -1) // o + links out = x
		rows.Set(2*d+i, 2*d+i, 1)
	}
	for k, link := range n.Links {
		c[4*d+k] = link.Cost
		rows.Set(d+link.To, 4*d+k, 1)
		rows.Set(2*d+link.From, 4*d+k, 1)
	}
	best, _, err := lp.Simplex(c, rows, b, 1e-10, nil)
	if err != nil {
		t.Fatal(err)
	}
	return best
}

func TestFlowIsTheOptimumOfTheLinearProgram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		net := randomNetwork(rng, 1+rng.IntN(9), rng.IntN(25))
		tracks, cost := net.Solve()
		if sum := net.paid(t, tracks); math.Abs(sum-cost) > 1e-9 {
			t.Fatalf("tracks %v cost %g, Solve says %g", tracks, sum, cost)
		}
		if want := net.program(t); math.Abs(cost-want) > 1e-7 {
			t.Fatalf("Solve costs %g, the linear program %g: %+v", cost, want, net)
		}
	}
}

func TestNothingIsTrackedWhereAllCosts(t *testing.T) {
	if tracks, cost := (Network{Cost: []float64{1, 2}, Links: []Link{{0, 1, 0}}}).Solve(); len(tracks) != 0 || cost != 0 {
		t.Errorf("Solve = %v, %g, want nothing", tracks, cost)
	}
}

// BenchmarkFlow10000 is a video of 10,000 detections: 500 frames of 20, each with links to the five nearest of the next three frames.
func BenchmarkFlow10000(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var net Network
	const people, frames = 20, 500
	net.Enter, net.Exit = 3, 3
	for i := range people * frames {
		net.Cost = append(net.Cost, -2+1.5*rng.NormFloat64())
		f, p := i/people, i%people
		for gap := 1; gap <= 3 && f+gap < frames; gap++ {
			for k := range 5 {
				net.Links = append(net.Links, Link{i, (f+gap)*people + (p+k)%people, float64(gap-1) + 2*float64(k)*rng.Float64()})
			}
		}
	}
	for b.Loop() {
		net.Solve()
	}
}
