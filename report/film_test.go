package report

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
)

func TestFilmHoldsFramesTracksAndErrors(t *testing.T) {
	box := mot.Box{X: 1, Y: 2, W: 3, H: 4}
	truth := mot.Sequence{Rows: []mot.Row{{Frame: 1, ID: 9, Box: box}}}
	tracks := mot.Sequence{Rows: []mot.Row{{Frame: 1, ID: 4, Box: mot.Box{X: 50, Y: 60, W: 7, H: 8}}}}
	wrong := Errors([]tracking.Event{{Frame: 1, Kind: tracking.Miss, Truth: 9}, {Frame: 1, Kind: tracking.FalsePositive, Track: 4}, {Frame: 1, Kind: tracking.Match, Truth: 9, Track: 4}}, truth, tracks)
	if len(wrong) != 2 || wrong[0].Box != box || wrong[1].Box.X != 50 {
		t.Fatalf("Errors = %+v, want the miss and the false positive with their boxes", wrong)
	}
	film := Film{Width: 900, Height: 300, Rate: 25, Tracks: tracks.Rows, Wrong: wrong,
		Frames: []FilmFrame{{Number: 1, Picture: image.NewGray(image.Rect(0, 0, 900, 300))}, {Number: 2}}}
	page, err := film.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"number":2}`, `"kind":"miss"`, `"box":[50,60,7,8]`, "data:image/jpeg;base64,"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(string(page), "http") {
		t.Error("the page refers to something outside itself")
	}
}

func TestDrawTracksMarksBoxesAndStaysInside(t *testing.T) {
	grey := image.NewGray(image.Rect(5, 5, 105, 85))
	rows := []mot.Row{{Frame: 1, ID: 1, Box: mot.Box{X: 10, Y: 10, W: 30, H: 40}}, {Frame: 2, ID: 1, Box: mot.Box{X: 20, Y: 10, W: 30, H: 40}},
		{Frame: 2, ID: 2, Box: mot.Box{X: -1e6, Y: -1e6, W: 2e6, H: 2e6}}, {Frame: 3, ID: 3, Box: mot.Box{X: 60, Y: 10, W: 30, H: 40}}}
	out := DrawTracks(grey, 2, rows, 10)
	black := color.NRGBA{A: 255}
	if out.NRGBAAt(20, 30) == black || out.NRGBAAt(30, 50) == black {
		t.Error("the box or the trail of track 1 is not drawn")
	}
	if out.NRGBAAt(90, 30) != black {
		t.Error("a box of a later frame is drawn")
	}
}
