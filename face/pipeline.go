package face

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/imgproc"
)

// Encoder turns prepared crops, [n, h, w, c] after Preprocess, into embeddings: an [encoder.Embedder].
type Encoder interface {
	Embed(ctx context.Context, crops []float32) ([][]float32, error)
}

// Pipeline goes from photographs to embeddings of the faces in them.
type Pipeline struct {
	Detector   *Detector
	Encoder    Encoder
	Preprocess imgproc.Preprocess // of the encoder
	Template   Template           // of the encoder
	// Mirror embeds each face and its mirror image and takes the mean of both: other encoders gain a little by it, and it is twice
	// the work.
	Mirror bool
}

// Face is a face in a photograph and its embedding.
type Face struct {
	detect.Detection
	Embedding []float32
}

// Embed finds and embeds all faces of each photograph, the surest first. A photograph without a face has an empty list.
func (p *Pipeline) Embed(ctx context.Context, photos []imgproc.Image) ([][]Face, error) {
	return p.embed(ctx, photos, func(found []detect.Detection, _ imgproc.Image) []detect.Detection { return found })
}

// EmbedMain finds the faces of each photograph and embeds one of them, see [Main]. counts is how many faces each photograph
// has; the face of a photograph without any has no embedding.
func (p *Pipeline) EmbedMain(ctx context.Context, photos []imgproc.Image) (faces []Face, counts []int, err error) {
	counts = make([]int, 0, len(photos))
	lists, err := p.embed(ctx, photos, func(found []detect.Detection, photo imgproc.Image) []detect.Detection {
		counts = append(counts, len(found))
		if len(found) == 0 {
			return nil
		}
		main := Main(found, photo)
		return found[main : main+1]
	})
	if err != nil {
		return nil, nil, err
	}
	faces = make([]Face, len(photos))
	for i, list := range lists {
		if len(list) > 0 {
			faces[i] = list[0]
		}
	}
	return faces, counts, nil
}

// embed embeds the faces that choose takes from those found in each photograph.
func (p *Pipeline) embed(ctx context.Context, photos []imgproc.Image, choose func([]detect.Detection, imgproc.Image) []detect.Detection) ([][]Face, error) {
	for i, photo := range photos {
		if err := photo.Check(); err != nil {
			return nil, photograph(i, err)
		}
	}
	found, err := p.Detector.Detect(ctx, photos)
	if err != nil {
		return nil, err
	}
	faces := make([][]Face, len(photos))
	var crops []float32
	for i, photo := range photos {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, d := range choose(found[i], photo) {
			if crops, err = p.crop(crops, photo, d); err != nil {
				return nil, photograph(i, err)
			}
			faces[i] = append(faces[i], Face{Detection: d})
		}
	}
	rows, err := p.Encoder.Embed(ctx, crops)
	if err != nil {
		return nil, err
	}
	each := 1
	if p.Mirror {
		each = 2
	}
	for i := range faces {
		for j := range faces[i] {
			faces[i][j].Embedding = mean(rows[:each])
			rows = rows[each:]
			if err := distance.CheckOne(len(faces[i][j].Embedding), faces[i][j].Embedding); err != nil {
				return nil, photograph(i, fmt.Errorf("the embedding of face %d %w", j+1, err))
			}
		}
	}
	return faces, nil
}

// photograph says with which one, from 0, something went wrong.
func photograph(i int, err error) error {
	return &imgproc.NumberedError{Doing: "embed the faces of photograph", Number: i + 1, Err: err}
}

// crop appends the aligned crop of a face, and its mirror image if that is wanted.
func (p *Pipeline) crop(crops []float32, photo imgproc.Image, d detect.Detection) ([]float32, error) {
	size := p.Preprocess.Size()
	start := len(crops)
	crops = append(crops, make([]float32, size)...)
	if err := Align(crops[start:], photo, d, p.Template, p.Preprocess); err != nil {
		return nil, err
	}
	if p.Mirror {
		crops = append(crops, mirrored(crops[start:start+size], p.Preprocess)...)
	}
	return crops, nil
}

// mirrored exchanges left and right of a crop.
func mirrored(crop []float32, p imgproc.Preprocess) []float32 {
	out := make([]float32, len(crop))
	for at := 0; at < len(crop); at += p.Channels {
		x := at / p.Channels % p.Width
		copy(out[at+(p.Width-1-2*x)*p.Channels:][:p.Channels], crop[at:])
	}
	return out
}

func mean(rows [][]float32) []float32 {
	average := make([]float32, len(rows[0]))
	for _, row := range rows {
		for j, v := range row {
			average[j] += v / float32(len(rows))
		}
	}
	return average
}
