package judge

import (
	"context"
	"fmt"
	"image"

	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
)

// PhotosAtOnce is how many decoded photographs to hold in memory.
const PhotosAtOnce = 64

// View cuts out of each photograph what is to be compared, and embeds it.
type View func(ctx context.Context, photos []imgproc.Image) ([][]Cut, error)

// Cut is a piece of a photograph.
type Cut struct {
	Image     imgproc.Image
	Embedding []float32
}

// Whole takes every photograph as it is.
func Whole(model Model) View {
	return func(ctx context.Context, photos []imgproc.Image) ([][]Cut, error) {
		rows, err := model.EmbedImages(ctx, photos)
		cuts := make([][]Cut, len(rows))
		for i, row := range rows {
			cuts[i] = []Cut{{photos[i], row}}
		}
		return cuts, err
	}
}

// Faces takes every face, the surest of a photograph first.
func Faces(pipeline *face.Pipeline) View {
	return func(ctx context.Context, photos []imgproc.Image) ([][]Cut, error) {
		lists, err := pipeline.Embed(ctx, photos)
		cuts := make([][]Cut, len(lists))
		for i, faces := range lists {
			for _, f := range faces {
				cuts[i] = append(cuts[i], cutFace(photos[i], f))
			}
		}
		return cuts, err
	}
}

// MainFaces takes the main face of each photograph that shows any.
func MainFaces(pipeline *face.Pipeline) View {
	return func(ctx context.Context, photos []imgproc.Image) ([][]Cut, error) {
		faces, _, err := pipeline.EmbedMain(ctx, photos)
		cuts := make([][]Cut, len(faces))
		for i, f := range faces {
			if f.Embedding != nil {
				cuts[i] = []Cut{cutFace(photos[i], f)}
			}
		}
		return cuts, err
	}
}

// cutFace cuts a face out with a rim of a sixth of its height.
func cutFace(photo imgproc.Image, f face.Face) Cut {
	b := f.Box
	box := image.Rect(int(b.X), int(b.Y), int(b.X+b.W), int(b.Y+b.H))
	if crop := photo.Crop(box.Inset(-int(b.H / 6))); crop.Check() == nil {
		return Cut{crop, f.Embedding}
	}
	return Cut{photo, f.Embedding} // the face lies outside, as far as that can be
}

// NameOf names the i-th, from 0, of n cuts of a file: FILE#1 and so on where there are several.
func NameOf(file string, i, n int) string {
	if n == 1 {
		return file
	}
	return fmt.Sprintf("%s#%d", file, i+1)
}
