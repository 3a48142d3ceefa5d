package face

import (
	"context"
	"image"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
)

// shared is how much two neighbouring windows of a second look share, of their sides: faces up to that size lie whole in one.
const shared = 0.25

// lookAgain finds small faces in a photograph through windows of MaxSide that overlap. What touches the edge of a window is left to
// its neighbour or, where it is large, to the first look.
func (d *Detector) lookAgain(ctx context.Context, photo imgproc.Image) ([]detect.Detection, error) {
	scale := min(1, float64(d.LookAgain)/float64(max(photo.H, photo.W)))
	seen := photo
	if scale < 1 {
		seen = imgproc.Resize(photo, int(float64(photo.H)*scale), int(float64(photo.W)*scale))
	}
	var found []detect.Detection
	for _, top := range windows(seen.H, d.MaxSide) {
		for _, left := range windows(seen.W, d.MaxSide) {
			window := image.Rect(left, top, left+d.MaxSide, top+d.MaxSide).Intersect(image.Rect(0, 0, seen.W, seen.H))
			faces, err := d.look(ctx, []imgproc.Image{seen.Crop(window)})
			if err != nil {
				return nil, err
			}
			for _, face := range faces[0] {
				if moved := moved(face, window.Min); whole(moved.Box, window, seen) {
					found = append(found, scaled(moved, float32(photo.W)/float32(seen.W)))
				}
			}
		}
	}
	return found, nil
}

// windows are where windows of a size begin that cover a side and share parts with their neighbours.
func windows(side, size int) []int {
	n := 1
	if side > size {
		step := size - int(shared*float64(size))
		n = 1 + (side-size+step-1)/step
	}
	starts := make([]int, n)
	for i := 1; i < n; i++ {
		starts[i] = i * (side - size) / (n - 1)
	}
	return starts
}

// whole says whether a box keeps clear of those edges of a window that are not the photograph's, and is small enough for the window to
// be its best view.
func whole(b detect.Box, window image.Rectangle, photo imgproc.Image) bool {
	const near = 4 // pixels
	inside := (window.Min.X == 0 || b.X > float32(window.Min.X+near)) && (window.Min.Y == 0 || b.Y > float32(window.Min.Y+near)) &&
		(window.Max.X == photo.W || b.X+b.W < float32(window.Max.X-near)) && (window.Max.Y == photo.H || b.Y+b.H < float32(window.Max.Y-near))
	return inside && max(b.W, b.H) <= shared*float32(max(window.Dx(), window.Dy()))
}

// moved is a face in the photograph that a window with this corner shows.
func moved(face detect.Detection, corner image.Point) detect.Detection {
	x, y := float32(corner.X), float32(corner.Y)
	face.Box.X, face.Box.Y = face.Box.X+x, face.Box.Y+y
	points := make([]detect.Point, len(face.Landmarks))
	for i, p := range face.Landmarks {
		points[i] = detect.Point{X: p.X + x, Y: p.Y + y}
	}
	face.Landmarks = points
	return face
}

// scaled is a face in a picture of times the size.
func scaled(face detect.Detection, times float32) detect.Detection {
	face.Box = face.Box.Scaled(times)
	points := make([]detect.Point, len(face.Landmarks))
	for i, p := range face.Landmarks {
		points[i] = detect.Point{X: p.X * times, Y: p.Y * times}
	}
	face.Landmarks = points
	return face
}
