package face

import (
	"math"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
)

// Quality says how much of a face, or of an image that is taken whole, there is to see.
type Quality struct {
	// Size is the pixels of the photograph between the eyes, or three tenths of the shorter side of a whole image, which is where
	// they are in a crop of a face.
	Size float64
	// Sharpness is the variance of the Laplacian over that of the brightness, so that it does not depend on contrast. It is taken
	// at 96×96 pixels, or at those of a smaller whole image.
	Sharpness float64
	Light     float64 // mean brightness, 0 is black and 1 is white
	Contrast  float64 // standard deviation of the brightness
	// Turn and Tilt say where the nose is: to the side of the middle of the eyes, in distances between the eyes (0 from the front), and
	// from the eyes at 0 to the mouth at 1 (about 0.5 from the front). Both are NaN without landmarks.
	Turn, Tilt float64
}

// What a face must have at least, or at most, to be judged.
const (
	leastSize      = 10    // pixels between the eyes: a tenth of what encoders see of faces, a quarter of the distance
	leastSharpness = 0.004 // photographs of people have 0.02 to 0.4
	leastLight     = 0.04
	mostLight      = 0.92
	leastContrast  = 0.015
	mostTurn       = 0.6 // about 45 degrees, for a nose that stands out half the distance between the eyes
	leastTilt      = 0.15
	mostTilt       = 0.95
)

// Refuse says why a face deserves no verdict, in a word or two; it is empty when it does. An image that is taken whole may show
// anything, such as a drawing: it is refused only when it shows next to nothing.
func (q Quality) Refuse() string {
	landmarks := !math.IsNaN(q.Turn)
	switch {
	case q.Contrast < leastContrast && q.Light < leastLight:
		return "too dark"
	case q.Contrast < leastContrast && q.Light > mostLight:
		return "too bright"
	case q.Contrast < leastContrast:
		return "too flat"
	case !landmarks && q.Sharpness < leastSharpness:
		return "too blurred"
	case !landmarks:
		return ""
	case q.Size < leastSize:
		return "too small"
	case q.Sharpness < leastSharpness:
		return "too blurred"
	case q.Light < leastLight:
		return "too dark"
	case q.Light > mostLight:
		return "too bright"
	case math.Abs(q.Turn) > mostTurn:
		return "turned away"
	case q.Tilt < leastTilt || q.Tilt > mostTilt:
		return "tilted"
	}
	return ""
}

// Weight is how much a face counts among several of one person: above 0, at most 1. It grows with size and sharpness up to what
// encoders can use, and falls as the face turns away.
func (q Quality) Weight() float64 {
	weight := math.Min(q.Size/40, 1) * math.Min(math.Sqrt(q.Sharpness/0.1), 1)
	if !math.IsNaN(q.Turn) {
		weight *= 1 - math.Min(math.Abs(q.Turn), 1)/2
	}
	return math.Max(weight, 0.01)
}

// qualitySide is that of the crop whose sharpness is measured, pixels.
const qualitySide = 96

// Assess measures a face in a photograph by its five landmarks; pixels are of the given picture, which shows the photograph at
// 1/shrink of its size.
func Assess(picture imgproc.Image, shrink int, face detect.Detection) (Quality, error) {
	p := imgproc.Preprocess{Height: qualitySide, Width: qualitySide, Channels: 1}
	crop := make([]float32, p.Size())
	if err := Align(crop, picture, face, ArcFace(), p); err != nil {
		return Quality{}, err
	}
	q := measure(crop, qualitySide, qualitySide)
	at := func(i int) (x, y float64) { return float64(face.Landmarks[i].X), float64(face.Landmarks[i].Y) }
	lx, ly := at(0)
	rx, ry := at(1)
	nx, ny := at(2)
	ax, ay := at(3)
	bx, by := at(4)
	dx, dy := rx-lx, ry-ly
	apart := math.Hypot(dx, dy)
	if apart == 0 {
		apart = math.SmallestNonzeroFloat32
	}
	// Along the line through the eyes, and down from it.
	along := func(x, y float64) float64 { return (x*dx + y*dy) / apart }
	down := func(x, y float64) float64 { return (y*dx - x*dy) / apart }
	mx, my := (lx+rx)/2, (ly+ry)/2
	q.Size = apart * float64(shrink)
	q.Turn = along(nx-mx, ny-my) / apart
	q.Tilt = 0
	if mouth := down((ax+bx)/2-mx, (ay+by)/2-my); mouth > 0 {
		q.Tilt = down(nx-mx, ny-my) / mouth
	}
	// In profile the eyes are near each other: what is left of the face is its height.
	if height := down((ax+bx)/2-mx, (ay+by)/2-my); height > 0 {
		q.Size = math.Max(q.Size, height*float64(shrink)*0.8)
	}
	return q, nil
}

// AssessWhole measures an image that is taken as it is.
func AssessWhole(picture imgproc.Image, shrink int) Quality {
	m := picture.Grey()
	if most := max(m.H, m.W); most > qualitySide {
		m = imgproc.Resize(m, max(m.H*qualitySide/most, 3), max(m.W*qualitySide/most, 3))
	}
	grey := make([]float32, len(m.Pix))
	for i, v := range m.Pix {
		grey[i] = float32(v) / 255
	}
	q := measure(grey, m.H, m.W)
	q.Size = 0.3 * float64(min(picture.H, picture.W)*shrink)
	q.Turn, q.Tilt = math.NaN(), math.NaN()
	return q
}

// measure is light, contrast and sharpness of [h, w] brightness.
func measure(grey []float32, h, w int) Quality {
	light, contrast := moments(grey)
	edges := make([]float32, 0, len(grey))
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			at := y*w + x
			edges = append(edges, 4*grey[at]-grey[at-1]-grey[at+1]-grey[at-w]-grey[at+w])
		}
	}
	q := Quality{Light: light, Contrast: contrast}
	if _, spread := moments(edges); contrast > 0 {
		q.Sharpness = spread * spread / (contrast * contrast)
	}
	return q
}

// moments are mean and standard deviation.
func moments(values []float32) (mean, deviation float64) {
	if len(values) == 0 {
		return 0, 0
	}
	for _, v := range values {
		mean += float64(v)
	}
	mean /= float64(len(values))
	for _, v := range values {
		deviation += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(values)))
}
