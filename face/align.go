package face

import (
	"errors"
	"image"
	"math"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
)

// Template says where in a crop, with sides of 1 and the corner (0, 0) at its top left, an encoder expects the eye on the left
// of the picture, the eye on the right, the nose, and the left and right corner of the mouth.
type Template [5][2]float64

// ArcFace is the template of ArcFace and most encoders trained since, made for 112×112 pixels.
func ArcFace() Template {
	t := Template{{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}}
	for i := range t {
		t[i][0], t[i][1] = t[i][0]/112, t[i][1]/112
	}
	return t
}

// Retail is the template of the Open Model Zoo's face-reidentification-retail-0095.
func Retail() Template {
	return Template{{0.315569, 0.461574}, {0.682623, 0.461574}, {0.500262, 0.640505}, {0.349472, 0.824692}, {0.653436, 0.824692}}
}

// Align writes to dst, [p.Height, p.Width, p.Channels], the crop of a face as p prepares it: turned, scaled and moved so that
// its landmarks come as near to the template as a similarity can bring them, by least squares. The crop is taken from the photo
// itself, however large that is. It fails when the landmarks all lie in one place.
func Align(dst []float32, photo imgproc.Image, face detect.Detection, template Template, p imgproc.Preprocess) error {
	w, h := float64(p.Width), float64(p.Height)
	toCrop, ok := similarity(face.Landmarks, template, w, h)
	if !ok {
		return errors.New("align a face: its landmarks lie in one place")
	}
	part := needed(toCrop, w, h).Intersect(image.Rect(0, 0, photo.W, photo.H))
	if part.Empty() {
		return errors.New("align a face: it lies outside the photograph")
	}
	crop := photo.Crop(part)
	// Warp moves points given from the centre of an image within a frame of its size, which then becomes the crop.
	centre := imgproc.Translation(float64(part.Min.X)+float64(crop.W)/2, float64(part.Min.Y)+float64(crop.H)/2)
	frame := imgproc.Translation(-w/2, -h/2).Then(imgproc.Scaling(float64(crop.W)/w, float64(crop.H)/h))
	p.Warp(dst, crop, centre.Then(toCrop).Then(frame))
	return nil
}

// similarity maps points of the photograph to points of a crop of w×h pixels, both from their corners: a turn, a scale and a
// move that brings the landmarks nearest to the template (Umeyama 1991, in the plane). The template counts from the centre of
// the crop's first pixel.
func similarity(landmarks []detect.Point, template Template, w, h float64) (imgproc.Affine, bool) {
	if len(landmarks) != len(template) {
		return imgproc.Affine{}, false
	}
	var fromX, fromY, toX, toY float64 // means
	for i, p := range landmarks {
		fromX, fromY = fromX+float64(p.X)/5, fromY+float64(p.Y)/5
		toX, toY = toX+template[i][0]*w/5, toY+template[i][1]*h/5
	}
	var along, across, spread float64
	for i, p := range landmarks {
		x, y := float64(p.X)-fromX, float64(p.Y)-fromY
		u, v := template[i][0]*w-toX, template[i][1]*h-toY
		along, across, spread = along+x*u+y*v, across+x*v-y*u, spread+x*x+y*y
	}
	if !(spread > 1e-6) || !(math.Hypot(along, across) > 1e-6) || math.IsInf(spread, 0) {
		return imgproc.Affine{}, false
	}
	a, b := along/spread, across/spread
	const centre = 0.5 // of a pixel, where landmarks and template count from
	turn := imgproc.Affine{XX: a, XY: -b, YX: b, YY: a}
	return imgproc.Translation(-fromX-centre, -fromY-centre).Then(turn).Then(imgproc.Translation(toX+centre, toY+centre)), true
}

// needed is the part of the photograph that a crop of w×h pixels shows, with a rim for interpolation.
func needed(toCrop imgproc.Affine, w, h float64) image.Rectangle {
	back, ok := toCrop.Inverse()
	if !ok {
		return image.Rectangle{}
	}
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, corner := range [][2]float64{{0, 0}, {w, 0}, {0, h}, {w, h}} {
		x, y := back.Apply(corner[0], corner[1])
		minX, minY, maxX, maxY = min(minX, x), min(minY, y), max(maxX, x), max(maxY, y)
	}
	const far = 1 << 20 // beyond any photograph
	clamp := func(v float64) int { return int(min(max(v, -far), far)) }
	return image.Rect(clamp(math.Floor(minX))-2, clamp(math.Floor(minY))-2, clamp(math.Ceil(maxX))+2, clamp(math.Ceil(maxY))+2)
}
