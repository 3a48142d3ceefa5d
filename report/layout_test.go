package report

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// Points along two known directions: PCA must find them and their share of the variance.
func TestPCAFindsTheMainAxes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var embeddings [][]float32
	var along []float64
	varianceA, varianceB := 0.0, 0.0
	for range 200 {
		a, b := 3*rng.NormFloat64(), rng.NormFloat64()
		along = append(along, a)
		varianceA, varianceB = varianceA+a*a, varianceB+b*b
		embeddings = append(embeddings, []float32{float32(0.6*a + 5), float32(0.8 * a), float32(b - 2), 1})
	}
	points, explained, err := PCA(embeddings, 1)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(explained[0]+explained[1]-1) > 1e-6 || explained[0] < 0.8 {
		t.Errorf("explained = %v, want about 0.9 and 0.1, all together", explained)
	}
	var dotSum, ss float64
	for i, p := range points {
		dotSum, ss = dotSum+p[0]*along[i], ss+p[0]*p[0]
	}
	if correlation := dotSum / math.Sqrt(ss*varianceA); correlation < 0.99 {
		t.Errorf("correlation with the long direction = %v, want 1 (and never -1)", correlation)
	}
}

func TestPCAOfFewOrEqualPointsIsFinite(t *testing.T) {
	for _, embeddings := range [][][]float32{{{1, 2, 3}}, {{1}, {2}}, {{4, 4}, {4, 4}, {4, 4}}} {
		points, _, err := PCA(embeddings, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			if math.IsNaN(p[0]) || math.IsNaN(p[1]) {
				t.Errorf("PCA(%v) = %v, want numbers", embeddings, points)
			}
		}
	}
}

func TestLayoutsOfBadEmbeddingsSayWhy(t *testing.T) {
	nan := float32(math.NaN())
	for want, embeddings := range map[string][][]float32{
		"there are none":            nil,
		"embedding 2 has 1 numbers": {{1, 2}, {1}},
		"embedding 1 holds NaN":     {{nan}},
		"t-SNE takes at most 2000;": make([][]float32, 2001),
	} {
		if _, err := TSNE(context.Background(), embeddings, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("TSNE = %v, want an error with %q", err, want)
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := TSNE(stopped, [][]float32{{1}, {2}}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("TSNE when stopped = %v, want %v", err, context.Canceled)
	}
}

func TestTSNEKeepsNeighboursTogether(t *testing.T) {
	data := invent(8, 12)
	points, err := TSNE(context.Background(), data.embeddings, 1)
	if err != nil {
		t.Fatal(err)
	}
	if hits := sameLabelNeighbours(points, data.labels); hits < 0.85 {
		t.Errorf("nearest neighbours on the map share their label in %v of the cases, want 0.85", hits)
	}
}

func sameLabelNeighbours(points [][2]float64, labels []int) float64 {
	hits := 0
	for i, p := range points {
		best, least := -1, math.Inf(1)
		for j, q := range points {
			if d := math.Hypot(p[0]-q[0], p[1]-q[1]); j != i && d < least {
				best, least = j, d
			}
		}
		if best >= 0 && labels[best] == labels[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(points))
}

func TestTSNEOfFewOrEqualPointsIsFinite(t *testing.T) {
	for _, embeddings := range [][][]float32{{{1, 2}}, {{1}, {2}}, {{4, 4}, {4, 4}, {4, 4}, {4, 4}, {4, 4}}} {
		points, err := TSNE(context.Background(), embeddings, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			if math.IsNaN(p[0]+p[1]) || math.IsInf(p[0]+p[1], 0) {
				t.Errorf("TSNE(%v) = %v, want numbers", embeddings, points)
			}
		}
	}
}

// The perplexity is what makes a row's width; its logarithm must be the row's entropy.
func TestChooseNeighboursReachesThePerplexity(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	row := make([]float64, 300)
	for i := range row {
		row[i] = 400 * rng.Float64()
	}
	chooseNeighbours(row, 7, math.Log(25))
	entropy, sum := 0.0, 0.0
	for _, p := range row {
		sum += p
		if p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	if math.Abs(math.Exp(entropy)-25) > 0.01 || math.Abs(sum-1) > 1e-9 || row[7] != 0 {
		t.Errorf("perplexity %v, sum %v, own place %v, want 25, 1 and 0", math.Exp(entropy), sum, row[7])
	}
}

// The step must follow the gradient of the divergence Σ p log(p/q): central differences say so.
func TestTSNEForcesAreTheGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const n = 6
	embeddings := make([][]float32, n)
	start := make([][2]float64, n)
	for i := range embeddings {
		embeddings[i] = []float32{rng.Float32(), rng.Float32(), rng.Float32()}
	}
	layout := newTSNE(neighbourhoods(embeddings), start)
	for i := range start {
		start[i] = [2]float64{rng.NormFloat64(), rng.NormFloat64()}
	}
	divergence := func() float64 {
		total, sum := 0.0, 0.0
		q := make([]float64, n*n)
		for i := range n {
			for j := range n {
				if i != j {
					q[i*n+j] = 1 / (1 + math.Pow(start[i][0]-start[j][0], 2) + math.Pow(start[i][1]-start[j][1], 2))
					total += q[i*n+j]
				}
			}
		}
		for i, p := range layout.p {
			if p > 0 {
				sum += p * math.Log(p/(q[i]/total))
			}
		}
		return sum
	}
	all := 0.0
	for i := range n {
		layout.forces(i)
		all += layout.closeness[i]
	}
	for i := range n {
		for k := range 2 {
			const h = 1e-5
			at := start[i][k]
			start[i][k] = at + h
			up := divergence()
			start[i][k] = at - h
			down := divergence()
			start[i][k] = at
			got, want := 4*(layout.attraction[i][k]-layout.repulsion[i][k]/all), (up-down)/(2*h)
			if math.Abs(got-want) > 1e-6 {
				t.Errorf("gradient of point %d axis %d = %v, want %v", i, k, got, want)
			}
		}
	}
}

func TestLayoutIsTheSameOnAnyNumberOfCores(t *testing.T) {
	data := invent(4, 6)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, _ := TSNE(context.Background(), data.embeddings, 5)
	runtime.GOMAXPROCS(3)
	three, _ := TSNE(context.Background(), data.embeddings, 5)
	for i := range one {
		if one[i] != three[i] {
			t.Fatalf("point %d on 3 cores = %v, want %v as on 1", i, three[i], one[i])
		}
	}
}

func TestMapsFillTheirFrame(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 20, 30))
	m := Map{
		Points: [][2]float64{{0, 0}, {1, 0}, {0.5, 1}}, Labels: []int{0, 1, 0},
		Images: []image.Image{picture, picture, picture},
	}
	canvas, err := m.Image()
	if err != nil {
		t.Fatal(err)
	}
	if got := canvas.Bounds().Size(); got != image.Pt(mapScale*mapWidth, mapScale*mapHeight) {
		t.Errorf("the picture has %v pixels, want %d×%d", got, mapScale*mapWidth, mapScale*mapHeight)
	}
	place, err := m.placing()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Points {
		x, y := place(p)
		colour := labelColour(m.Labels[i])
		side := m.side()
		w, h := fitting(side, picture.Bounds())
		inside := canvas.At(int(mapScale*x), int(mapScale*y))
		frame := canvas.At(int(mapScale*(x-w/2))-2, int(mapScale*y))
		if r, g, b, _ := inside.RGBA(); r+g+b != 0 {
			t.Errorf("the middle of picture %d is %v, want its black", i, inside)
		}
		if r, g, b, _ := frame.RGBA(); uint8(r>>8) != colour.R || uint8(g>>8) != colour.G || uint8(b>>8) != colour.B {
			t.Errorf("the frame of picture %d is %v, want %v", i, frame, colour)
		}
		if h != side || w != side*2/3 {
			t.Errorf("a picture of 20×30 is drawn %v×%v, want two thirds of %v wide", w, h, side)
		}
	}
	low, _ := place(m.Points[0])
	high, _ := place(m.Points[1])
	if width := high - low; width < 0.8*(mapWidth-2*mapBorder) {
		t.Errorf("the points fill %v pixels of the width, want most of %d", width, mapWidth)
	}
	m.Images[1] = nil
	if _, err := m.Image(); err == nil {
		t.Error("a map without one of its pictures = nil, want an error")
	}
}
