package face

import (
	"math"
	"testing"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
)

// checks is a picture of squares of so many pixels, black and white but for the given levels.
func checks(side, square int, dark, light uint8) imgproc.Image {
	m := imgproc.Filled(side, side, 1, dark)
	for i := range m.Pix {
		if (i%side/square+i/side/square)%2 == 1 {
			m.Pix[i] = light
		}
	}
	return m
}

// facing is a face of 60 pixels between the eyes, whose nose is moved to the side by a part of that.
func facing(aside float32) detect.Detection {
	return detect.Detection{
		Box:       detect.Box{X: 40, Y: 40, W: 120, H: 140},
		Landmarks: []detect.Point{{X: 70, Y: 90}, {X: 130, Y: 90}, {X: 100 + 60*aside, Y: 120}, {X: 75, Y: 150}, {X: 125, Y: 150}},
	}
}

func TestQualityMeasuresWhatIsThere(t *testing.T) {
	q, err := Assess(checks(200, 10, 40, 200), 2, facing(0.25))
	if err != nil {
		t.Fatal(err)
	}
	if q.Size != 120 || math.Abs(q.Turn-0.25) > 1e-6 || math.Abs(q.Tilt-0.5) > 1e-6 {
		t.Errorf("size %v, turn %v, tilt %v, want 120, 0.25 and 0.5", q.Size, q.Turn, q.Tilt)
	}
	if math.Abs(q.Light-120./255) > 0.05 || math.Abs(q.Contrast-80./255) > 0.05 {
		t.Errorf("light %v and contrast %v, want about 0.47 and 0.31", q.Light, q.Contrast)
	}
	turned := facing(0.25)
	for i, p := range turned.Landmarks { // by a right angle
		turned.Landmarks[i] = detect.Point{X: 200 - p.Y, Y: p.X}
	}
	if r, err := Assess(checks(200, 10, 40, 200), 2, turned); err != nil || math.Abs(r.Turn-q.Turn) > 1e-6 || math.Abs(r.Tilt-q.Tilt) > 1e-6 || r.Size != q.Size {
		t.Errorf("a turned face has %+v, %v, want the same pose as %+v", r, err, q)
	}
}

func TestSharpnessOfAWholeImageByHand(t *testing.T) {
	// A chessboard of single pixels 0 and 1: the Laplacian is ±4 inside, the deviation of the brightness 1/2.
	if q := AssessWhole(checks(8, 1, 0, 255), 1); math.Abs(q.Sharpness-64) > 1e-4 || math.Abs(q.Size-2.4) > 1e-9 || !math.IsNaN(q.Turn) {
		t.Errorf("%+v, want sharpness 64, size 2.4, and no pose", q)
	}
}

func TestRefusals(t *testing.T) {
	good := checks(200, 10, 40, 200)
	blurred := imgproc.Resize(imgproc.Resize(checks(200, 60, 40, 200), 5, 5), 200, 200)
	small := facing(0)
	for i := range small.Landmarks {
		small.Landmarks[i].X, small.Landmarks[i].Y = small.Landmarks[i].X/8, small.Landmarks[i].Y/8
	}
	tests := []struct {
		name    string
		picture imgproc.Image
		face    detect.Detection
		want    string
	}{
		{"good", good, facing(0), ""},
		{"half to the side", good, facing(0.3), ""},
		{"profile", good, facing(0.8), "turned away"},
		{"profile, other side", good, facing(-0.8), "turned away"},
		{"blurred", blurred, facing(0), "too blurred"},
		{"black", imgproc.Filled(200, 200, 1, 3), facing(0), "too dark"},
		{"white", imgproc.Filled(200, 200, 1, 254), facing(0), "too bright"},
		{"grey", imgproc.Filled(200, 200, 1, 128), facing(0), "too flat"},
		{"dark", checks(200, 10, 0, 16), facing(0), "too dark"},
		{"small", good, small, "too small"},
	}
	for _, test := range tests {
		q, err := Assess(test.picture, 1, test.face)
		if got := q.Refuse(); err != nil || got != test.want {
			t.Errorf("%s: %q, %v, want %q (%+v)", test.name, got, err, test.want, q)
		}
		if w := q.Weight(); !(w > 0 && w <= 1) {
			t.Errorf("%s: weight %v, want it in (0, 1]", test.name, w)
		}
	}
}

func TestWholeImagesOfAnythingAreRefusedOnlyWhenTheyShowNothing(t *testing.T) {
	drawing := imgproc.Filled(28, 28, 1, 255)
	for i := range 20 {
		drawing.Pix[(4+i)*28+14] = 0
	}
	for _, test := range []struct {
		name    string
		picture imgproc.Image
		want    string
	}{
		{"drawing", drawing, ""}, {"white on black", checks(28, 14, 0, 30), ""}, {"one pixel", imgproc.Filled(1, 1, 3, 100), "too flat"},
		{"blank paper", imgproc.Filled(105, 105, 1, 255), "too bright"}, {"night", imgproc.Filled(64, 64, 3, 0), "too dark"},
		{"blur", imgproc.Resize(imgproc.Resize(checks(96, 48, 40, 200), 3, 3), 96, 96), "too blurred"},
	} {
		q := AssessWhole(test.picture, 1)
		if got := q.Refuse(); got != test.want || !(q.Weight() > 0) {
			t.Errorf("%s: %q with weight %v, want %q (%+v)", test.name, got, q.Weight(), test.want, q)
		}
	}
}
