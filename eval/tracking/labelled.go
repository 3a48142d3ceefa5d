package tracking

import (
	"github.com/siam-go/siam/assign"
	"github.com/siam-go/siam/dataset/mot"
)

// Labelled is a detection's score, and whether the truth has its box.
type Labelled struct {
	Score float64
	Right bool
	Truth int // the id that it goes with, where it is right
}

// LabelDetections pairs each frame's detections with the truth, one to one at an IoU of at least a half, in the order of the
// detections' rows. Rows of the truth with score 0 do not count.
func LabelDetections(truth, detections mot.Sequence) []Labelled {
	var solver assign.Solver
	var labels []Labelled
	boxes := truth.Rows
	for rows := detections.Rows; len(rows) > 0; {
		for len(boxes) > 0 && boxes[0].Frame < rows[0].Frame {
			boxes = boxes[1:]
		}
		var here, found []mot.Row
		here, _ = until(boxes, rows[0].Frame)
		found, rows = until(rows, rows[0].Frame)
		here, _ = Rules{}.apply(here, nil)
		f := overlay(found[0].Frame, here, found)
		first := len(labels)
		for _, d := range found {
			labels = append(labels, Labelled{Score: d.Score})
		}
		for i, j := range f.pair(&solver, nil) {
			if j >= 0 {
				labels[first+j].Right, labels[first+j].Truth = true, here[i].ID
			}
		}
	}
	return labels
}
