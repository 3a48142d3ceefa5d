package judge

import (
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
)

// Thing is an image as the baselines compare it.
type Thing struct {
	pixels []float32       // all of them, in [0, 1]
	ink    []eval.InkPoint // the dark ones, centred
}

func newThing(m imgproc.Image) Thing {
	m = m.Grey()
	t := Thing{pixels: make([]float32, len(m.Pix)), ink: eval.CentredInk(m.Pix, m.W)}
	for i, v := range m.Pix {
		t.pixels[i] = float32(v) / 255
	}
	return t
}

// Baseline is a distance between images that learns nothing.
type Baseline struct {
	Name     string
	Distance func(a, b Thing) float32
}

// PixelBaseline is the Euclidean distance of raw pixels. On Lake's runs its nearest neighbour is wrong in 81 % of the trials.
func PixelBaseline() Baseline {
	return Baseline{"pixel", func(a, b Thing) float32 { return distance.SquaredEuclidean().Of(a.pixels, b.pixels) }}
}

// HausdorffBaseline is the modified Hausdorff distance of centred ink. On Lake's runs its nearest neighbour is wrong in 38.75 %
// of the trials.
func HausdorffBaseline() Baseline {
	return Baseline{"hausdorff", func(a, b Thing) float32 { return eval.ModifiedHausdorff(a.ink, b.ink) }}
}

// BaselineByName finds the baseline that a flag names.
func BaselineByName(name string) (Baseline, error) {
	for _, b := range []Baseline{PixelBaseline(), HausdorffBaseline()} {
		if b.Name == name {
			return b, nil
		}
	}
	return Baseline{}, fmt.Errorf("unknown baseline %q, want pixel or hausdorff", name)
}

// OneShot questions the baseline in place of a model, as [OneShot] does.
func (b Baseline) OneShot(set *dataset.Set, test OneShotTest) (OneShotResult, error) {
	return recognise(set, things(set.Items), b.Distance, test)
}

// Runs questions the baseline on Lake's runs, which checks the reader and the protocol against published errors.
func (b Baseline) Runs(runs []dataset.Run) (eval.RunsResult, error) {
	compared := make([]eval.Run[Thing], len(runs))
	for i, run := range runs {
		compared[i] = eval.Run[Thing]{Training: things(run.Support), Test: things(run.Query), Truth: truth(run)}
	}
	return eval.JudgeRuns(compared, b.Distance)
}

func things(items []dataset.Item) []Thing {
	all := make([]Thing, len(items))
	for i, item := range items {
		all[i] = newThing(item.Pixels())
	}
	return all
}
