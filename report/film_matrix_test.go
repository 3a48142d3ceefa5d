package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
)

func TestAFilmHoldsWhatWasWeighed(t *testing.T) {
	none := math.NaN()
	matrix := FilmMatrix{
		Tracks:     []FilmTrack{{ID: 3, State: "lost", Seen: 6, Look: mot.Box{X: 1, Y: 2, W: 3, H: 4}}, {State: "tentative", Seen: 7}},
		Detections: []FilmDetection{{Index: 4, Box: mot.Box{X: 5, Y: 6, W: 7, H: 8}, Score: 0.87654}, {Index: 1}},
		Cells: []FilmCell{{"chosen", 0, 0.25049, 0.2, 0.5}, {"forbidden", 2, math.Inf(1), none, none},
			{"unweighed", 0, none, none, none}, {"gated", 1, 0.9, math.Inf(1), none}},
	}
	film := Film{Width: 90, Height: 30, Rate: 25, Gates: []float64{0.83, math.Inf(1)}, Frames: []FilmFrame{{Number: 7, Matrix: &matrix}, {Number: 8}}}
	page, err := film.HTML()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), `<script type="application/json">`)
	text, _, _ := strings.Cut(rest, "</script>")
	var got struct {
		Gates  []any
		Frames []struct{ Matrix json.RawMessage }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := `{"tracks":[{"id":3,"colour":"` + cssColour(3) + `","state":"lost","seen":6,"look":[1,2,3,4]},{"id":0,"state":"tentative","seen":7,"look":[0,0,0,0]}],` +
		`"detections":[{"index":4,"box":[5,6,7,8],"score":0.877},{"index":1,"box":[0,0,0,0],"score":0}],` +
		`"cells":[["chosen",0,0.25,0.2,0.5],3,0,["gated",1,0.9,null,null]]}`
	if len(got.Frames) != 2 || string(got.Frames[0].Matrix) != want || got.Frames[1].Matrix != nil {
		t.Errorf("frames = %s\nwant the first with %s and the second with none", got.Frames, want)
	}
	if len(got.Gates) != 2 || got.Gates[0] != 0.83 || got.Gates[1] != nil {
		t.Errorf("gates = %v, want 0.83 and none", got.Gates)
	}
}
