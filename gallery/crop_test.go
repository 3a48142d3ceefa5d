package gallery_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/imgproc"
)

// slope is an image whose red grows to the right and whose green grows downwards.
func slope(h, w int) imgproc.Image {
	m := imgproc.New(h, w, 3)
	for y := range h {
		for x := range w {
			m.Pix[3*(y*w+x)], m.Pix[3*(y*w+x)+1] = uint8(x*255/w), uint8(y*255/h)
		}
	}
	return m
}

func TestKeptCropsLoseNothingAndRememberWhereTheFaceIs(t *testing.T) {
	photo := slope(300, 400)
	landmarks := [][2]float32{{110.25, 90.5}, {140, 91}, {125, 105}, {112, 120}, {139, 121.75}}
	crop, err := gallery.Crop(imgproc.Photos(photo)[0], &[4]float32{100, 80, 50, 60}, landmarks)
	if err != nil {
		t.Fatal(err)
	}
	m, err := imgproc.Decode(bytes.NewReader(crop))
	if err != nil || m.W != 100 || m.H != 120 {
		t.Fatalf("crop of %d×%d, %v, want 100×120", m.W, m.H, err)
	}
	for y := range m.H {
		if got, want := m.Row(y), photo.Row(y + 50)[3*75:3*175]; !bytes.Equal(got, want) {
			t.Fatalf("line %d of the crop is not that of the photograph", y)
		}
	}
	for i, p := range gallery.CropLandmarks(crop) {
		if p != [2]float32{landmarks[i][0] - 75, landmarks[i][1] - 50} {
			t.Errorf("landmark %d is at %v, want it %v less 75, 50", i, p, landmarks[i])
		}
	}
	if n := len(gallery.CropLandmarks(crop)); n != 5 {
		t.Errorf("%d landmarks, want 5", n)
	}
}

func TestLandmarksOfLargeCropsAreWhereTheirPixelsAre(t *testing.T) {
	photo := slope(3000, 4000)
	landmarks := [][2]float32{{1700, 1200}, {2300, 1210}, {2000, 1500}, {1750, 1800}, {2250, 1790}}
	crop, err := gallery.Crop(imgproc.Photos(photo)[0], &[4]float32{1500, 900, 1000, 1200}, landmarks)
	if err != nil {
		t.Fatal(err)
	}
	m, err := imgproc.Decode(bytes.NewReader(crop))
	if err != nil || max(m.H, m.W) != 512 {
		t.Fatalf("crop of %d×%d, %v, want 512 on its longer side", m.W, m.H, err)
	}
	for i, p := range gallery.CropLandmarks(crop) {
		at := 3 * (int(p[1])*m.W + int(p[0]))
		x, y := float64(m.Pix[at])*4000/255, float64(m.Pix[at+1])*3000/255
		if math.Abs(x-float64(landmarks[i][0])) > 20 || math.Abs(y-float64(landmarks[i][1])) > 20 { // a step of colour is 16 pixels
			t.Errorf("landmark %d: the crop has there what was at %.0f, %.0f, want %v", i, x, y, landmarks[i])
		}
	}
}

func TestCropsWithoutAFaceAreKeptWhole(t *testing.T) {
	photo := slope(40, 30)
	crop, err := gallery.Crop(imgproc.Photos(photo)[0], nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := imgproc.Decode(bytes.NewReader(crop))
	if err != nil || !bytes.Equal(m.Pix, photo.Pix) || gallery.CropLandmarks(crop) != nil {
		t.Errorf("crop of %d×%d with landmarks %v, %v, want the image alone", m.W, m.H, gallery.CropLandmarks(crop), err)
	}
}

func FuzzCropLandmarks(f *testing.F) {
	crop, err := gallery.Crop(imgproc.Photos(slope(8, 8))[0], nil, [][2]float32{{1, 2}, {3, 4}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(crop)
	f.Add(crop[:60])
	f.Fuzz(func(t *testing.T, crop []byte) {
		for _, p := range gallery.CropLandmarks(crop) {
			if p[0]-p[0] != 0 || p[1]-p[1] != 0 {
				t.Errorf("landmark at %v", p)
			}
		}
	})
}
