package face

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
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

// Face is a face in a photograph, in pixels of its full size, and its embedding.
type Face struct {
	detect.Detection
	Quality   Quality
	Embedding []float32
}

// Embed finds and embeds all faces of each image, the surest first. An image without a face has an empty list.
func (p *Pipeline) Embed(ctx context.Context, images []imgproc.Image) ([][]Face, error) {
	return p.EmbedPhotos(ctx, imgproc.Photos(images...))
}

// EmbedPhotos is [Pipeline.Embed] of photographs, of which those read as fine as [Detector.Enough] wants cost least: where a face is
// smaller in one than the encoder's input, it is decoded finer.
func (p *Pipeline) EmbedPhotos(ctx context.Context, photos []imgproc.Photo) ([][]Face, error) {
	return p.embed(ctx, photos, func(found []detect.Detection, _ imgproc.Image) []detect.Detection { return found })
}

// EmbedMain finds the faces of each photograph and embeds one of them, see [Main]. counts is how many faces each photograph
// has; the face of a photograph without any has no embedding.
func (p *Pipeline) EmbedMain(ctx context.Context, photos []imgproc.Photo) (faces []Face, counts []int, err error) {
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
func (p *Pipeline) embed(ctx context.Context, photos []imgproc.Photo, choose func([]detect.Detection, imgproc.Image) []detect.Detection) ([][]Face, error) {
	images := make([]imgproc.Image, len(photos))
	for i, photo := range photos {
		if err := photo.Check(); err != nil {
			return nil, photograph(i, err)
		}
		images[i] = photo.Image
	}
	found, err := p.Detector.Detect(ctx, images)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = choose(found[i], images[i])
	}
	return p.EmbedFound(ctx, photos, found)
}

// EmbedFound embeds faces that were found before: those of each photograph, in pixels of its picture, of which the landmarks count.
func (p *Pipeline) EmbedFound(ctx context.Context, photos []imgproc.Photo, found [][]detect.Detection) ([][]Face, error) {
	if len(found) != len(photos) {
		return nil, fmt.Errorf("embed faces: those of %d photographs, want %d", len(found), len(photos))
	}
	faces := make([][]Face, len(photos))
	crops := make([][]float32, len(photos))
	failures := make([]error, len(photos))
	parallel.Ranges(len(photos), func(lo, hi int) {
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			if failures[i] = photos[i].Check(); failures[i] == nil {
				faces[i], crops[i], failures[i] = p.crops(photos[i], found[i])
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, err := range failures {
		if err != nil {
			return nil, photograph(i, err)
		}
	}
	rows, err := p.Encoder.Embed(ctx, slices.Concat(crops...))
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

// crops are the aligned crops of the faces found in the picture of a photograph, and their mirror images if those are wanted, after
// each other. What cannot be laid straight is no face.
func (p *Pipeline) crops(photo imgproc.Photo, found []detect.Detection) (faces []Face, crops []float32, err error) {
	part, err := photo.Part(p.needed(photo.Shrink, found))
	if err != nil {
		return nil, nil, err
	}
	size := p.Preprocess.Size()
	for _, d := range found {
		crop := make([]float32, size)
		seen := moved(scaled(d, float32(photo.Shrink)/float32(part.Shrink)), image.Pt(0, 0).Sub(part.Corner))
		if Align(crop, part.Image, seen, p.Template, p.Preprocess) != nil {
			continue
		}
		quality, err := Assess(part.Image, part.Shrink, seen)
		if err != nil {
			continue
		}
		crops = append(crops, crop...)
		if p.Mirror {
			crops = append(crops, mirrored(crop, p.Preprocess)...)
		}
		faces = append(faces, Face{Detection: scaled(d, float32(photo.Shrink)), Quality: quality})
	}
	return faces, crops, nil
}

// needed is the shrink at which a photograph shows its smallest face as finely as the encoder sees it, and the part with all faces, in
// pixels of the full size, when they were found at 1/seen of it.
func (p *Pipeline) needed(seen int, found []detect.Detection) (shrink int, part image.Rectangle) {
	w, h := float64(p.Preprocess.Width), float64(p.Preprocess.Height)
	finest := 0. // pixels of the crop for each of the picture
	for _, d := range found {
		if toCrop, ok := similarity(d.Landmarks, p.Template, w, h); ok {
			finest = max(finest, math.Hypot(toCrop.XX, toCrop.YX))
			part = part.Union(needed(toCrop, w, h))
		}
		if toQuality, ok := similarity(d.Landmarks, ArcFace(), qualitySide, qualitySide); ok {
			part = part.Union(needed(toQuality, qualitySide, qualitySide))
		}
	}
	for shrink = seen; shrink > 1 && finest > 1; shrink, finest = shrink/2, finest/2 {
	}
	return shrink, image.Rectangle{part.Min.Mul(seen), part.Max.Mul(seen)}
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
