package report

import (
	"context"
	"fmt"
	"math"

	"github.com/siam-go/siam/internal/parallel"
)

// TSNELimit is how many embeddings [TSNE] takes: its time and memory grow with their square.
const TSNELimit = 2000

// Settings of t-SNE as its authors and scikit-learn choose them.
const (
	tsnePerplexity   = 30.0
	tsneExaggeration = 12.0 // of the attraction, at first
	tsneEarlyRounds  = 250
	tsneRounds       = 750
)

// TSNE lays embeddings out on a plane so that neighbours stay neighbours (L. van der Maaten, G. Hinton, "Visualizing data
// using t-SNE", 2008), starting from [PCA] and with all pairs counted exactly. Distances between far groups mean little. It
// fails like PCA, on more than [TSNELimit] embeddings, and with ctx's error when that is cancelled.
func TSNE(ctx context.Context, embeddings [][]float32, seed uint64) ([][2]float64, error) {
	if len(embeddings) > TSNELimit {
		return nil, fmt.Errorf("laying out %d embeddings: t-SNE takes at most %d; choose some of them", len(embeddings), TSNELimit)
	}
	start, _, err := PCA(embeddings, seed)
	if err != nil {
		return nil, err
	}
	t := newTSNE(neighbourhoods(embeddings), start)
	for round := range tsneRounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		exaggeration, momentum := 1.0, 0.8
		if round < tsneEarlyRounds {
			exaggeration, momentum = tsneExaggeration, 0.5
		}
		t.step(exaggeration, momentum)
	}
	return t.points, nil
}

// neighbourhoods returns p, [n, n]: how likely i and j choose each other as neighbours, all adding up to 1. Each row's normal
// distribution is as wide as gives it the wanted perplexity.
func neighbourhoods(embeddings [][]float32) []float64 {
	n := len(embeddings)
	p := make([]float64, n*n)
	perplexity := min(tsnePerplexity, float64(n-1)/3)
	parallel.Ranges(n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := p[i*n : (i+1)*n]
			for j := range row {
				for k, v := range embeddings[i] {
					d := float64(v) - float64(embeddings[j][k])
					row[j] += d * d
				}
			}
			chooseNeighbours(row, i, math.Log(max(perplexity, 1)))
		}
	})
	for i := range n { // symmetric, and a sum of 1
		for j := range i {
			both := (p[i*n+j] + p[j*n+i]) / float64(2*n)
			p[i*n+j], p[j*n+i] = both, both
		}
	}
	return p
}

// chooseNeighbours turns a row of squared distances into probabilities whose entropy is that wanted, by bisection of the
// precision; its own place gets 0.
func chooseNeighbours(row []float64, own int, wanted float64) {
	nearest := math.Inf(1)
	for j, d := range row {
		if j != own {
			nearest = min(nearest, d)
		}
	}
	distances := append([]float64(nil), row...)
	low, high, precision := 0.0, math.Inf(1), 1.0
	for range 64 {
		sum, weighted := 0.0, 0.0
		for j, d := range distances {
			row[j] = 0
			if j != own {
				row[j] = math.Exp(-precision * (d - nearest))
				sum += row[j]
				weighted += row[j] * (d - nearest)
			}
		}
		entropy := math.Log(sum) + precision*weighted/sum
		for j := range row {
			row[j] /= max(sum, 1e-300)
		}
		switch {
		case math.Abs(entropy-wanted) < 1e-5:
			return
		case entropy > wanted && math.IsInf(high, 1):
			low, precision = precision, precision*2
		case entropy > wanted:
			low, precision = precision, (precision+high)/2
		default:
			high, precision = precision, (precision+low)/2
		}
	}
}

// tsne is a layout on its way.
type tsne struct {
	p                     []float64 // [n, n]
	points, speed, gain   [][2]float64
	attraction, repulsion [][2]float64
	closeness             []float64 // sum over others of 1/(1+distance²)
	rate                  float64
}

func newTSNE(p []float64, start [][2]float64) *tsne {
	n := len(start)
	t := &tsne{
		p: p, points: start, speed: make([][2]float64, n), gain: make([][2]float64, n),
		attraction: make([][2]float64, n), repulsion: make([][2]float64, n), closeness: make([]float64, n),
		rate: max(float64(n)/tsneExaggeration/4, 50),
	}
	spread := 0.0
	for i, point := range start {
		t.gain[i] = [2]float64{1, 1}
		spread += point[0] * point[0] / float64(n)
	}
	for i := range start { // a small start: deviation 1e-4 along the first axis
		for k := range 2 {
			start[i][k] *= 1e-4 / math.Sqrt(max(spread, 1e-300))
		}
	}
	return t
}

// step moves every point once along the gradient
//
//	4 Σ_j (exaggeration·p_ij - q_ij) · (y_i - y_j)/(1 + |y_i - y_j|²),  q_ij = 1/(1 + |y_i - y_j|²) / Σ over all pairs
func (t *tsne) step(exaggeration, momentum float64) {
	parallel.Ranges(len(t.points), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			t.forces(i)
		}
	})
	all := 0.0
	for _, c := range t.closeness {
		all += c
	}
	for i := range t.points {
		for k := range 2 {
			gradient := 4 * (exaggeration*t.attraction[i][k] - t.repulsion[i][k]/max(all, 1e-300))
			if (gradient > 0) == (t.speed[i][k] > 0) { // still going up: be careful
				t.gain[i][k] = max(t.gain[i][k]*0.8, 0.01)
			} else {
				t.gain[i][k] += 0.2
			}
			t.speed[i][k] = momentum*t.speed[i][k] - t.rate*t.gain[i][k]*gradient
			t.points[i][k] += t.speed[i][k]
		}
	}
}

// forces adds up what pulls and what pushes point i.
func (t *tsne) forces(i int) {
	var pullX, pullY, pushX, pushY, closeness float64
	own, row := t.points[i], t.p[i*len(t.points):(i+1)*len(t.points)]
	for j, p := range row {
		dx, dy := own[0]-t.points[j][0], own[1]-t.points[j][1]
		q := 1 / (1 + dx*dx + dy*dy)
		closeness += q
		pullX, pullY = pullX+p*q*dx, pullY+p*q*dy
		pushX, pushY = pushX+q*q*dx, pushY+q*q*dy
	}
	t.attraction[i], t.repulsion[i] = [2]float64{pullX, pullY}, [2]float64{pushX, pushY}
	t.closeness[i] = closeness - 1 // less itself
}
