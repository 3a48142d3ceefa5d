package report

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/stats"
)

var samplePath = flag.String("sample", "", "write the sample report, made of invented numbers, to this file")

// drawing invents a character: a few strokes that depend on the label, with the shake of one hand.
func drawing(label int, rng *rand.Rand) image.Image {
	const side = 64
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	shape := rand.New(rand.NewPCG(uint64(label), 99))
	for range 3 {
		var x, y [3]float64
		for k := range 3 {
			x[k] = 10 + 44*shape.Float64() + 3*rng.NormFloat64()
			y[k] = 10 + 44*shape.Float64() + 3*rng.NormFloat64()
		}
		for s := 0.0; s <= 1; s += 0.01 {
			a, b, c := (1-s)*(1-s), 2*s*(1-s), s*s
			px, py := a*x[0]+b*x[1]+c*x[2], a*y[0]+b*y[1]+c*y[2]
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					picture.SetGray(int(px)+dx, int(py)+dy, color.Gray{})
				}
			}
		}
	}
	return picture
}

// invented is a data set of drawings and embeddings that lie around their label's centre.
type invented struct {
	pictures   []image.Image
	embeddings [][]float32
	labels     []int
	names      []string
}

func invent(labels, drawings int) invented {
	var data invented
	rng := rand.New(rand.NewPCG(1, 2))
	for label := range labels {
		centre := make([]float64, 16)
		for k := range centre {
			centre[k] = rng.NormFloat64()
		}
		for range drawings {
			row := make([]float32, len(centre))
			for k := range row {
				row[k] = float32(centre[k] + 0.75*rng.NormFloat64())
			}
			data.pictures = append(data.pictures, drawing(label, rng))
			data.embeddings = append(data.embeddings, row)
			data.labels = append(data.labels, label)
			data.names = append(data.names, "Invented/character"+string(rune('A'+label%26)))
		}
	}
	return data
}

func (data invented) episodes(t *testing.T) Episodes {
	items := eval.Items{Labels: data.labels}
	trials, err := items.Unstructured(eval.TrialOptions{Ways: 20, Shots: 1, Trials: 60, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := eval.Answer(trials, data.embeddings, distance.SquaredEuclidean().Of)
	if err != nil {
		t.Fatal(err)
	}
	var right, wrong Episodes
	for i, trial := range trials {
		e := Episode{Query: data.pictures[trial.Query], True: trial.True, Chosen: answers.Choices[i]}
		for _, shots := range trial.Support {
			e.Support = append(e.Support, data.pictures[shots[0]])
		}
		if e.Right() {
			right = append(right, e)
		} else {
			wrong = append(wrong, e)
		}
	}
	if len(right) < 4 || len(wrong) < 2 {
		t.Fatalf("%d right and %d wrong answers, want some of both to show", len(right), len(wrong))
	}
	return append(right[:4:4], wrong[:2]...)
}

func trainingCharts() []Part {
	rng := rand.New(rand.NewPCG(3, 4))
	var step, loss, active []float64
	for s := range 4000 {
		x := float64(s)
		step = append(step, x)
		loss = append(loss, 0.05+0.45*math.Exp(-x/700)+0.03*math.Abs(rng.NormFloat64()))
		active = append(active, min(1, 0.12+0.8*math.Exp(-x/1100)+0.03*rng.NormFloat64()))
	}
	var at, accuracy []float64
	for e := range 20 {
		at = append(at, float64(200*(e+1)))
		accuracy = append(accuracy, 0.94-0.6*math.Exp(-float64(e+1)/4)+0.008*rng.NormFloat64())
	}
	lossX, lossY := Smooth(step, loss, 300)
	activeX, activeY := Smooth(step, active, 300)
	return []Part{
		Chart{Title: "Loss", X: Axis{Label: "step"}, Y: Axis{Label: "triplet loss"}, Series: []Series{{X: lossX, Y: lossY}}},
		Chart{Title: "Validation", X: Axis{Label: "step"}, Y: Axis{Label: "20-way 1-shot accuracy", Percent: true},
			Series: []Series{{X: at, Y: accuracy}}, Marks: []Mark{{3400, "best epoch"}}},
		Chart{Title: "Active triplets", X: Axis{Label: "step"}, Y: Axis{Label: "fraction of triplets with a loss", Percent: true, Max: 1},
			Series: []Series{{X: activeX, Y: activeY}}},
		Chart{Title: "Spread of embeddings", X: Axis{Label: "step"}, Y: Axis{Label: "mean distance"}, Series: []Series{
			{Name: "same", X: lossX, Y: scaled(lossY, 2)}, {Name: "different", X: activeX, Y: scaled(activeY, -1.2)}}},
	}
}

func scaled(values []float64, by float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = 2 + by*v
	}
	return out
}

func sample(t *testing.T) *Report {
	data := invent(30, 12)
	items := eval.Items{Labels: data.labels}
	pairs, err := items.BalancedPairs(4000, 1)
	if err != nil {
		t.Fatal(err)
	}
	distances, same := eval.PairDistances(pairs, data.embeddings, distance.SquaredEuclidean().Of), eval.Same(pairs)
	roc, err := eval.NewROC(distances, same)
	if err != nil {
		t.Fatal(err)
	}
	threshold, accuracy := roc.Best()
	pca, explained, err := PCA(data.embeddings, 1)
	if err != nil {
		t.Fatal(err)
	}
	points, err := TSNE(context.Background(), data.embeddings, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := New("One-shot recognition, a sample of invented numbers")
	r.Subtitle = "recipe oneshot-triplet · seed 1 · 2 cores, AVX-512"
	r.Add(Section{Title: "Results", Text: "On characters of alphabets that the network never saw.", Parts: []Part{Numbers{
		Accuracy("20-way 1-shot, within alphabet", stats.NewProportion(3722, 4000), "random episodes"),
		Accuracy("20-way 1-shot, unstructured", stats.NewProportion(3951, 4000), "random episodes"),
		Accuracy("Same or different", accuracy, "threshold from validation pairs"),
		{Label: "Training", Value: "2,031 pairs/s", Note: "Conv4, 128 pairs of 28×28"},
	}}})
	r.Add(Section{Title: "Training", Parts: trainingCharts()})
	r.Add(Section{Title: "Example episodes", Text: "Which of the 20 shows the same character as the one asked?", Parts: []Part{data.episodes(t)}})
	r.Add(Section{Title: "Same or different?", Text: "A pair is called same if its distance is at most the threshold.", Parts: []Part{
		DistanceHistogram(distances, same, Threshold{threshold, "threshold"}, Threshold{threshold * 1.1, "best"}), ROCChart(NamedROC{"", roc}), DETChart(NamedROC{"Conv4", roc}),
		Table{Columns: []string{"False accept rate", "True accept rate"}, Rows: [][]string{{"1e-1", "97.2 %"}, {"1e-2", "88.0 %"}, {"1e-3", "61.4 %"}}},
	}})
	r.Add(Section{Title: "Embedding map", Text: "Each drawing at its place by t-SNE, in the colour of its character. Point at one to see it large.",
		Parts: []Part{Map{Points: points, Images: data.pictures, Labels: data.labels, Names: data.names, Ink: true}}})
	r.Add(Section{Title: "Two main axes", Text: fmt.Sprintf("They show %.0f %% of the variance.", 100*(explained[0]+explained[1])),
		Parts: []Part{Map{Points: pca[:60], Images: data.pictures[:60], Labels: data.labels[:60]}}})
	var tiles []Tile
	for i := range 12 {
		tiles = append(tiles, Tile{Image: data.pictures[12*i], Caption: data.names[12*i], Verdict: Verdict(i % 3)})
	}
	r.Add(Section{Title: "Hardest pairs", Parts: []Part{Sheet{Tiles: tiles, Columns: 6}}})
	return r
}
