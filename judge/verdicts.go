package judge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// Verdicts are pairs of images that a model called the same or different, with what a report and a comparison need.
type Verdicts struct {
	distances   []float32
	same, right []bool
	threshold   float64
	trials      any // what tells these pairs from others
	accuracy    stats.Proportion
	where       string                                  // the accuracy holds
	picture     func(i int) (report.PicturePair, error) // of pair i, without its distance and verdict
}

// Answers are the verdicts as a comparison with another model's takes them; seed is that of the result.
func (v *Verdicts) Answers(seed uint64) (Answers, error) {
	return newAnswers(seed, v.trials, map[string][]bool{"verification": v.right})
}

// AddTo writes the verdicts into a report: the figures, the curves and the pictures of the worst mistakes.
func (v *Verdicts) AddTo(page *report.Report) error {
	roc, err := eval.NewROC(v.distances, v.same)
	if err != nil {
		return err
	}
	page.Add(v.headlines(roc))
	page.Add(v.errorRates(roc))
	for _, kind := range []struct {
		title, text string
		same        bool
	}{
		{"Wrongly called different", "Pairs that show the same, with distances above the threshold: the largest first.", true},
		{"Wrongly called the same", "Pairs that show two, with distances up to the threshold: the smallest first.", false},
	} {
		mistakes, err := v.mistakes(kind.same)
		if err != nil {
			return err
		}
		if len(mistakes) > 0 {
			page.Add(report.Section{Title: kind.title, Text: kind.text, Parts: []report.Part{mistakes}})
		}
	}
	return nil
}

func (v *Verdicts) headlines(roc *eval.ROC) report.Section {
	return report.Section{Title: "What it reaches", Parts: []report.Part{report.Numbers{
		report.Accuracy("Right verdicts", v.accuracy, fmt.Sprintf("of %d same pairs and %d different ones, %s", roc.Same, roc.Different, v.where)),
		{Label: "Equal error rate", Value: fmt.Sprintf("%.2f %%", 100*roc.EER()), Note: "where as many same pairs are missed as different ones are accepted"},
		{Label: "True accept rate", Value: fmt.Sprintf("%.1f %%", 100*roc.TAR(0.01)), Note: "at a false accept rate of 1 %"},
	}}}
}

func (v *Verdicts) errorRates(roc *eval.ROC) report.Section {
	system := report.NamedROC{Name: "this model", ROC: roc}
	return report.Section{
		Title: "Error rates",
		Text: "Pairs left of a threshold are called the same. ROC: how many of the same pairs are accepted, against how many of the different " +
			"ones are accepted wrongly. DET: the two kinds of mistakes against each other, on scales that make normal distributions straight lines.",
		Parts: []report.Part{
			report.DistanceHistogram(v.distances, v.same, v.threshold), report.ROCChart(system), report.DETChart(system), operatingPoints(roc),
		},
	}
}

// operatingPoints lists the thresholds for some false accept rates, as far as there are different pairs to measure them by.
func operatingPoints(roc *eval.ROC) report.Table {
	table := report.Table{Title: "Thresholds", Columns: []string{"false accept rate", "true accept rate", "distance up to"}}
	for far := 0.1; far*float64(roc.Different) >= 1 && far > 1e-7; far /= 10 {
		at := roc.AtFMR(far)
		table.Rows = append(table.Rows, []string{
			fmt.Sprintf("%.2g %%", 100*far), fmt.Sprintf("%.1f %%", 100*(1-at.FNMR)), fmt.Sprintf("%.3f", at.Threshold),
		})
	}
	return table
}

// mostMistakes is how many pairs of a kind a report shows.
const mostMistakes = 25

// mistakes are the worst wrong verdicts on the same pairs, or on the different ones.
func (v *Verdicts) mistakes(same bool) (report.PicturePairs, error) {
	var wrong []int
	for i, right := range v.right {
		if !right && v.same[i] == same {
			wrong = append(wrong, i)
		}
	}
	slices.SortStableFunc(wrong, func(a, b int) int {
		if same {
			a, b = b, a
		}
		return cmp.Compare(v.distances[a], v.distances[b])
	})
	var shown report.PicturePairs
	for _, i := range wrong[:min(len(wrong), mostMistakes)] {
		pair, err := v.picture(i)
		if err != nil {
			return nil, err
		}
		pair.Distance, pair.Verdict = float64(v.distances[i]), report.Wrong
		shown = append(shown, pair)
	}
	return shown, nil
}
