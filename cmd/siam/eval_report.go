package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// verifiedPairs are pairs that were judged, as a report shows them.
type verifiedPairs struct {
	distances   []float32
	same, right []bool
	threshold   float64
	accuracy    stats.Proportion
	picture     func(i int) (report.PicturePair, error) // of pair i, without its distance and verdict
}

func (v verifiedPairs) writeReport(f verifyFlags) error {
	roc, err := eval.NewROC(v.distances, v.same)
	if err != nil {
		return err
	}
	system := report.NamedROC{Name: "this model", ROC: roc}
	page := report.New("Same or different?")
	page.Subtitle = fmt.Sprintf("Model %s on %s, commit %s", f.model, f.data, thisBuild().Commit)
	page.Add(report.Section{Title: "What it reaches", Parts: []report.Part{report.Numbers{
		report.Accuracy("Right verdicts", v.accuracy, fmt.Sprintf("%d same pairs and %d different ones", roc.Same, roc.Different)),
		{Label: "Equal error rate", Value: fmt.Sprintf("%.2f %%", 100*roc.EER()), Note: "where as many same pairs are missed as different ones are accepted"},
		{Label: "True accept rate", Value: fmt.Sprintf("%.1f %%", 100*roc.TAR(0.01)), Note: "at a false accept rate of 1 %"},
	}}})
	page.Add(report.Section{Title: "Error rates", Parts: []report.Part{
		report.DistanceHistogram(v.distances, v.same, v.threshold), report.ROCChart(system), report.DETChart(system),
	}})
	for _, kind := range []struct {
		title, text string
		same        bool
	}{
		{"Wrongly called different", "Pairs of the same, with the largest distances first.", true},
		{"Wrongly called the same", "Pairs of two, with the smallest distances first.", false},
	} {
		mistakes, err := v.mistakes(kind.same)
		if err != nil {
			return err
		}
		if len(mistakes) > 0 {
			page.Add(report.Section{Title: kind.title, Text: kind.text, Parts: []report.Part{mistakes}})
		}
	}
	return page.WriteFile(f.report)
}

// mostMistakes is how many pairs of a kind a report shows.
const mostMistakes = 25

// mistakes are the worst wrong verdicts on the same pairs, or on the different ones.
func (v verifiedPairs) mistakes(same bool) (report.PicturePairs, error) {
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
