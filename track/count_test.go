package track

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/dataset/mot"
)

// walk are rows of a track whose feet are at points, from a frame on; a point of x < 0 is a frame without a box.
func walk(id, from int, points ...Point) (rows []mot.Row) {
	for i, p := range points {
		if p.X >= 0 {
			rows = append(rows, mot.Row{Frame: from + i, ID: id, Box: mot.Box{X: p.X - 5, Y: p.Y - 20, W: 10, H: 20}})
		}
	}
	return rows
}

func TestALineCountsWhoCrossesItAndWhichWay(t *testing.T) {
	down := Line{"gate", Point{100, 0}, Point{100, 100}} // down the picture: its right is where x is smaller
	for name, c := range map[string]struct {
		rows []mot.Row
		want Crossings
	}{
		"forward":           {walk(1, 1, Point{120, 50}, Point{80, 50}), Crossings{"gate", 1, 0}},
		"back":              {walk(1, 1, Point{80, 50}, Point{120, 50}), Crossings{"gate", 0, 1}},
		"there and back":    {walk(1, 1, Point{120, 50}, Point{80, 50}, Point{120, 60}), Crossings{"gate", 1, 1}},
		"past its end":      {walk(1, 1, Point{120, 150}, Point{80, 150}), Crossings{"gate", 0, 0}},
		"over a gap":        {walk(1, 1, Point{120, 50}, Point{-1, 0}, Point{80, 50}), Crossings{"gate", 1, 0}},
		"a stop on it":      {walk(1, 1, Point{120, 50}, Point{100, 50}, Point{80, 50}), Crossings{"gate", 1, 0}},
		"up to it and away": {walk(1, 1, Point{80, 50}, Point{100, 50}, Point{80, 50}), Crossings{"gate", 0, 0}},
		"of two ids":        {append(walk(1, 1, Point{120, 50}), walk(2, 2, Point{80, 50})...), Crossings{"gate", 0, 0}},
	} {
		if got := down.Count(c.rows); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestAZoneKnowsWhoWasInItAndForHowLong(t *testing.T) {
	corner := Zone{"corner", []Point{{0, 0}, {100, 0}, {50, 50}, {100, 100}, {0, 100}}} // with a notch
	in, out, notch := Point{20, 50}, Point{200, 50}, Point{90, 50}
	rows := append(walk(1, 1, out, in, in, notch, in, out), walk(1, 40, in, in)...)
	rows = append(rows, walk(2, 41, in)...)
	got := corner.Visits(rows, 10)
	want := Visits{Name: "corner", People: 2, Most: 2, Mean: (0.4 + 0.2 + 0.1) / 3, Longest: 0.4,
		Visits: []Visit{{1, 2, 5, 0.4}, {1, 40, 41, 0.2}, {2, 41, 41, 0.1}}}
	got.Mean = float64(int(got.Mean*1e6+0.5)) / 1e6
	want.Mean = float64(int(want.Mean*1e6+0.5)) / 1e6
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if area := corner.Area(); area != 7500 {
		t.Errorf("Area = %g, want 7500", area)
	}
	if none := corner.Visits(nil, 10); none.People != 0 || len(none.Visits) != 0 {
		t.Errorf("nobody: %+v", none)
	}
}
