package main

import (
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/train"
)

// draw writes the picture of a training beside its model: the loss, the mean distance in a batch, and the part of the triplets that
// still teach something.
func draw(steps []train.Step, o options) error {
	var at, loss, mean, active []float64
	for _, s := range steps {
		at = append(at, float64(s.Number))
		loss, mean, active = append(loss, s.Loss), append(mean, s.Mean), append(active, s.Active)
	}
	line := func(name string, y []float64) report.Series {
		const points = 100
		xs, ys := report.Smooth(at, y, points)
		return report.Series{Name: name, X: xs, Y: ys}
	}
	chart := report.Chart{
		Title:  "Triplets that count: " + o.mine,
		X:      report.Axis{Label: "step"},
		Y:      report.Axis{Label: ""},
		Series: []report.Series{line("loss", loss), line("mean distance", mean), line("active triplets", active)},
	}
	return chart.WriteFile(strings.TrimSuffix(o.out, filepath.Ext(o.out)) + ".svg")
}
