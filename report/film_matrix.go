package report

import (
	"encoding/json"
	"math"

	"github.com/siam-go/siam/dataset/mot"
)

// FilmMatrix is what a tracker weighed in a frame of a [Film], tracks × detections.
type FilmMatrix struct {
	Tracks     []FilmTrack
	Detections []FilmDetection
	Cells      []FilmCell // [tracks, detections], row by row
	Over       bool       // there are too many to show
}

// FilmTrack is a row: a track before the frame.
type FilmTrack struct {
	ID    int    // 0 if it has none
	State string // such as lost
	Seen  int    // number of the frame of its last detection
	Look  mot.Box
}

// FilmDetection is a column.
type FilmDetection struct {
	Index int // among the frame's
	Box   mot.Box
	Score float64
}

// FilmCell is a pair: what it cost and what came of it.
type FilmCell struct {
	Outcome             string // unweighed, forbidden, gated, outbid or chosen
	Stage               int    // from 0; below 0 for none
	Cost, Motion, Looks float64
}

type matrixData struct {
	Tracks     []rowData    `json:"tracks"`
	Detections []columnData `json:"detections"`
	Cells      []FilmCell   `json:"cells"`
	Over       bool         `json:"over,omitempty"`
}

type rowData struct {
	ID     int        `json:"id"`
	Colour string     `json:"colour,omitempty"`
	State  string     `json:"state"`
	Seen   int        `json:"seen"`
	Look   [4]float64 `json:"look"`
}

type columnData struct {
	Index int        `json:"index"`
	Box   [4]float64 `json:"box"`
	Score float64    `json:"score"`
}

// MarshalJSON is short, because a page has many: 0 for a pair that was not weighed, stage + 1 for one that is forbidden, and for others outcome, stage, cost,
// cost by motion alone and distance, null where there is none.
func (c FilmCell) MarshalJSON() ([]byte, error) {
	switch c.Outcome {
	case "unweighed":
		return json.Marshal(0)
	case "forbidden":
		return json.Marshal(c.Stage + 1)
	}
	return json.Marshal([]any{c.Outcome, c.Stage, number(c.Cost), number(c.Motion), number(c.Looks)})
}

// number is what JSON can hold of a number: to a thousandth, and null where it is not finite.
func number(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return rounded(x)
}

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

func four(b mot.Box) [4]float64 { return [4]float64{b.X, b.Y, b.W, b.H} }

// data is what the page's script reads; nil for none.
func (m *FilmMatrix) data() *matrixData {
	if m == nil {
		return nil
	}
	d := &matrixData{Tracks: []rowData{}, Detections: []columnData{}, Cells: m.Cells, Over: m.Over}
	for _, t := range m.Tracks {
		row := rowData{ID: t.ID, State: t.State, Seen: t.Seen, Look: four(t.Look)}
		if t.ID > 0 {
			row.Colour = cssColour(t.ID)
		}
		d.Tracks = append(d.Tracks, row)
	}
	for _, f := range m.Detections {
		d.Detections = append(d.Detections, columnData{f.Index, four(f.Box), rounded(f.Score)})
	}
	return d
}
