package track

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
)

// Embed makes an embedding of each picture, such as a model's EmbedImages.
type Embed func(ctx context.Context, pictures []imgproc.Image) ([][]float32, error)

// LeastLooked is the score of detections below which nobody needs to look at their pictures.
const LeastLooked = 0.1

// Crop is the part of a picture that a box shows, at least 8 pixels wide and high; false where that is not inside.
func Crop(picture imgproc.Image, b mot.Box) (imgproc.Image, bool) {
	if !possible(b) {
		return imgproc.Image{}, false
	}
	box := image.Rect(int(math.Round(b.X)), int(math.Round(b.Y)), int(math.Round(b.X+b.W)), int(math.Round(b.Y+b.H))).Intersect(image.Rect(0, 0, picture.W, picture.H))
	if box.Dx() < 8 || box.Dy() < 8 {
		return imgproc.Image{}, false
	}
	return picture.Crop(box), true
}

// LookAt gives the detections of a frame their embeddings, all crops of the frame at once. Detections below a score, and those that are
// hardly inside the picture, stay without.
func (f *Frame) LookAt(ctx context.Context, picture imgproc.Image, least float64, embed Embed) error {
	var crops []imgproc.Image
	var of []int
	for i, d := range f.Detections {
		if d.Score < least {
			continue
		}
		if c, inside := Crop(picture, d.Box); inside {
			crops, of = append(crops, c), append(of, i)
		}
	}
	if len(crops) == 0 {
		return nil
	}
	rows, err := embed(ctx, crops)
	if err != nil {
		return fmt.Errorf("frame %d: %w", f.Number, err)
	}
	for k, i := range of {
		f.Detections[i].Embedding = rows[k]
	}
	return nil
}
