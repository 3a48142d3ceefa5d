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

// Worth are the indices of the detections whose pictures are worth looking at, by falling score: those that the tracker uses, and that others do not hide.
// None are with a tracker that does not go by looks.
func (s Settings) Worth(detections []Detection) (worth []int) {
	if s.Memory.Size == 0 {
		return nil
	}
	usable := New(s).usable(detections)
	boxes := boxesOf(detections, usable)
	for _, i := range usable {
		if s.Memory.clear(detections[i].Box, boxes) {
			worth = append(worth, i)
		}
	}
	return worth
}

// Worth is [Settings.Worth] for a whole video.
func (o Offline) Worth(detections []Detection) []int { return o.tracker().Worth(detections) }

func boxesOf(detections []Detection, which []int) (boxes []mot.Box) {
	for _, i := range which {
		boxes = append(boxes, detections[i].Box)
	}
	return boxes
}

// LookAt gives some detections of a frame their embeddings, all crops of the frame at once; which are worth it, [Settings.Worth] tells. Those that are
// hardly inside the picture stay without.
func (f *Frame) LookAt(ctx context.Context, picture imgproc.Image, which []int, embed Embed) error {
	var crops []imgproc.Image
	var of []int
	for _, i := range which {
		if c, inside := Crop(picture, f.Detections[i].Box); inside {
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
