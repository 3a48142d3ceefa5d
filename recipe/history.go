package recipe

import (
	"fmt"

	"github.com/siam-go/siam/report"
)

// History is what the steps of a training showed, for its curves.
type History []Progress

// AddTraining writes the curves of a training with these settings into a report.
func AddTraining(page *report.Report, s Settings, history History) {
	words := s.Data.Words()
	page.Add(report.Section{
		Title: "Training",
		Text:  fmt.Sprintf("The loss of each batch, smoothed, and %s on %s kept out of training.", words.Asked, words.Parts),
		Parts: []report.Part{history.lossChart(), history.validationChart(words)},
	})
}

// curvePoints is how many points a smoothed curve has.
const curvePoints = 200

func (h History) lossChart() report.Chart {
	var steps, losses []float64
	for _, p := range h {
		steps = append(steps, float64(p.Step))
		losses = append(losses, p.Loss)
	}
	x, y := report.Smooth(steps, losses, curvePoints)
	return report.Chart{
		Title: "Loss", X: report.Axis{Label: "step"}, Y: report.Axis{Label: "loss"},
		Series: []report.Series{{Name: "loss", X: x, Y: y}},
	}
}

func (h History) validationChart(words Words) report.Chart {
	var steps, measured []float64
	for _, p := range h {
		if p.Validation != nil {
			steps = append(steps, float64(p.Step))
			measured = append(measured, *p.Validation)
		}
	}
	return report.Chart{
		Title: words.Measure.title() + " on validation " + words.Parts,
		X:     report.Axis{Label: "step"}, Y: report.Axis{Label: words.Measure.title(), Percent: words.Measure == Accuracy},
		Series: []report.Series{{Name: "validation", X: steps, Y: measured}},
	}
}
