package face

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
)

// laidDown is where the template's points lie in a photograph after a turn in degrees, a scale and a move; the crop has h×w
// pixels.
func laidDown(template Template, h, w int, degrees, scale, x, y float64) []detect.Point {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	points := make([]detect.Point, 5)
	for i, p := range template {
		u, v := p[0]*float64(w), p[1]*float64(h)
		points[i] = detect.Point{X: float32(scale*(cos*u-sin*v) + x), Y: float32(scale*(sin*u+cos*v) + y)}
	}
	return points
}

func TestSimilarityBringsLandmarksToTheTemplate(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		degrees, scale := 360*random.Float64(), 0.2+5*random.Float64()
		points := laidDown(Retail(), 96, 128, degrees, scale, 500*random.Float64(), 500*random.Float64())
		toCrop, ok := similarity(points, Retail(), 128, 96)
		if !ok {
			t.Fatal("similarity found none")
		}
		for i, p := range points {
			x, y := toCrop.Apply(float64(p.X)+0.5, float64(p.Y)+0.5)
			wantX, wantY := Retail()[i][0]*128+0.5, Retail()[i][1]*96+0.5
			if math.Hypot(x-wantX, y-wantY) > 1e-2 {
				t.Errorf("turned by %.0f°, scaled by %.2f: landmark %d comes to (%.3f, %.3f), want (%.3f, %.3f)", degrees, scale, i, x, y, wantX, wantY)
			}
		}
	}
}

// No turn and scale nearby is better than the least-squares one.
func TestSimilarityIsTheBestForLandmarksThatDoNotFit(t *testing.T) {
	points := []detect.Point{{X: 10, Y: 12}, {X: 48, Y: 15}, {X: 33, Y: 30}, {X: 12, Y: 55}, {X: 40, Y: 47}}
	best, ok := similarity(points, ArcFace(), 112, 112)
	if !ok {
		t.Fatal("similarity found none")
	}
	loss := func(a imgproc.Affine) (sum float64) {
		for i, p := range points {
			x, y := a.Apply(float64(p.X)+0.5, float64(p.Y)+0.5)
			sum += math.Pow(x-ArcFace()[i][0]*112-0.5, 2) + math.Pow(y-ArcFace()[i][1]*112-0.5, 2)
		}
		return sum
	}
	for _, change := range []imgproc.Affine{imgproc.Rotation(0.5), imgproc.Rotation(-0.5), imgproc.Scaling(1.01, 1.01), imgproc.Scaling(.99, .99),
		imgproc.Translation(0.3, 0), imgproc.Translation(-0.3, 0), imgproc.Translation(0, 0.3), imgproc.Translation(0, -0.3)} {
		if loss(best.Then(change)) <= loss(best) {
			t.Errorf("after %v the squared distance is %v, want more than %v", change, loss(best.Then(change)), loss(best))
		}
	}
}

func TestLandmarksInOnePlaceCannotBeAligned(t *testing.T) {
	p := imgproc.Preprocess{Height: 8, Width: 8, Channels: 3}
	points := make([]detect.Point, 5)
	if err := Align(make([]float32, p.Size()), imgproc.New(9, 9, 3), detect.Detection{Landmarks: points}, ArcFace(), p); err == nil {
		t.Errorf("Align with all landmarks at (0, 0) = nil, want an error")
	}
}

// smooth is a picture whose colours tell the place: red grows to the right and green downwards, over a plane of given size.
func smooth(h, w int, at func(x, y float64) (u, v float64)) imgproc.Image {
	m := imgproc.New(h, w, 3)
	for y := range h {
		for x := range w {
			u, v := at(float64(x)+0.5, float64(y)+0.5)
			m.Pix[(y*w+x)*3] = uint8(math.Round(min(max(255*u, 0), 255)))
			m.Pix[(y*w+x)*3+1] = uint8(math.Round(min(max(255*v, 0), 255)))
		}
	}
	return m
}

// The crop of a photograph in which the face lies turned and scaled shows the places that the map says.
func TestAlignedCropsShowTheRightPart(t *testing.T) {
	const h, w = 100, 80
	p := imgproc.Preprocess{Height: h, Width: w, Channels: 3}
	for _, test := range []struct{ degrees, scale, x, y float64 }{{0, 1, 60, 50}, {30, 1, 120, 40}, {-90, 0.7, 100, 150}, {10, 3, 50, 20}} {
		const side = 420
		photo := smooth(side, side, func(x, y float64) (float64, float64) { return x / side, y / side })
		points := laidDown(ArcFace(), h, w, test.degrees, test.scale, test.x, test.y)
		crop := make([]float32, p.Size())
		if err := Align(crop, photo, detect.Detection{Landmarks: points}, ArcFace(), p); err != nil {
			t.Fatal(err)
		}
		sin, cos := math.Sincos(test.degrees * math.Pi / 180)
		for _, pixel := range []image.Point{{40, 50}, {30, 40}, {60, 70}} {
			u, v := float64(pixel.X), float64(pixel.Y)
			x := test.scale*(cos*u-sin*v) + test.x + 0.5
			y := test.scale*(sin*u+cos*v) + test.y + 0.5
			got := crop[(pixel.Y*w+pixel.X)*3:]
			if math.Abs(float64(got[0])-x/side) > 0.006 || math.Abs(float64(got[1])-y/side) > 0.006 {
				t.Errorf("%+v: crop pixel %v shows (%.1f, %.1f) of the photograph, want (%.1f, %.1f)", test, pixel, got[0]*side, got[1]*side, x, y)
			}
		}
	}
}

// A face in a huge photograph is cropped from it, not from a smaller copy.
func TestCropsOfLargePhotographsAreSharp(t *testing.T) {
	const size, h, w = 4000, 64, 64
	photo := imgproc.New(size, size, 1)
	for i := range photo.Pix {
		if (i/size/2+i%size/2)%2 == 0 {
			photo.Pix[i] = 255 // squares of 2×2 pixels
		}
	}
	p := imgproc.Preprocess{Height: h, Width: w, Channels: 1}
	crop := make([]float32, p.Size())
	points := laidDown(ArcFace(), h, w, 0, 1, 3000, 1000)
	if err := Align(crop, photo, detect.Detection{Landmarks: points}, ArcFace(), p); err != nil {
		t.Fatal(err)
	}
	for i, v := range crop {
		x, y := 3000+i%w, 1000+i/w
		want := float32(0)
		if (y/2+x/2)%2 == 0 {
			want = 1
		}
		if math.Abs(float64(v-want)) > 0.02 {
			t.Fatalf("crop pixel %d = %v, want %v as in the photograph", i, v, want)
		}
	}
}

func TestFacesAtTheBorderAreFilledUp(t *testing.T) {
	p := imgproc.Preprocess{Height: 40, Width: 40, Channels: 3}
	photo := imgproc.Filled(100, 100, 3, 200)
	crop := make([]float32, p.Size())
	points := laidDown(ArcFace(), 40, 40, 20, 1, -15, -10)
	if err := Align(crop, photo, detect.Detection{Landmarks: points}, ArcFace(), p); err != nil {
		t.Fatal(err)
	}
	for i, v := range crop {
		if math.Abs(float64(v)-200./255) > 0.01 {
			t.Fatalf("number %d of the crop = %v, want the border's grey %v", i, v, 200./255)
		}
	}
	points = laidDown(ArcFace(), 40, 40, 0, 1, 500, 500)
	if err := Align(crop, photo, detect.Detection{Landmarks: points}, ArcFace(), p); err == nil {
		t.Errorf("Align of a face outside the photograph = nil, want an error")
	}
}
