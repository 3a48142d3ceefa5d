package siam

import (
	"bytes"
	"context"
	"fmt"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/imgproc"
)

// ForGallery is what a gallery must know of the model.
func (m *Model) ForGallery() gallery.Model {
	known := gallery.Model{
		Hash: m.file.Hash, Compatible: m.file.Provenance.Compatible, Dim: m.spec.Dim, Distance: m.distance,
	}
	if c := m.file.Calibration; c != nil {
		known.Threshold = &c.Threshold
	}
	return known
}

// GalleryEnough says how fine photographs for [Model.GalleryFaces] have to be decoded.
func (m *Model) GalleryEnough(pipeline *face.Pipeline) imgproc.Enough {
	if pipeline == nil {
		return m.spec.Preprocess.Enough
	}
	return pipeline.Detector.Enough
}

// GalleryFaces embeds photographs for a gallery: all faces that the pipeline finds in each, the surest first, or, without a pipeline,
// each image as it is. With crops, each face has what a gallery keeps of it, see [gallery.Crop].
func (m *Model) GalleryFaces(ctx context.Context, pipeline *face.Pipeline, crops bool, photos []imgproc.Photo) ([][]gallery.Face, error) {
	lists, err := m.galleryFaces(ctx, pipeline, photos)
	if err != nil || !crops {
		return lists, err
	}
	for i, list := range lists {
		for j := range list {
			if list[j].Crop, err = gallery.Crop(photos[i], list[j].Box, list[j].Landmarks); err != nil {
				return nil, &imgproc.NumberedError{Doing: "keep a crop of photograph", Number: i + 1, Err: err}
			}
		}
	}
	return lists, nil
}

func (m *Model) galleryFaces(ctx context.Context, pipeline *face.Pipeline, photos []imgproc.Photo) ([][]gallery.Face, error) {
	lists := make([][]gallery.Face, len(photos))
	if pipeline == nil {
		images := make([]imgproc.Image, len(photos))
		for i, photo := range photos {
			images[i] = photo.Image
		}
		rows, err := m.EmbedImages(ctx, images)
		for i, row := range rows {
			q := face.AssessWhole(images[i], photos[i].Shrink)
			lists[i] = []gallery.Face{{Embedding: row, Main: true, Refuse: q.Refuse(), Weight: float32(q.Weight())}}
		}
		return lists, err
	}
	found, err := pipeline.EmbedPhotos(ctx, photos)
	if err != nil {
		return nil, err
	}
	for i, faces := range found {
		found := make([]detect.Detection, len(faces))
		for j, f := range faces {
			found[j] = f.Detection
		}
		whole := imgproc.Image{H: photos[i].Image.H * photos[i].Shrink, W: photos[i].Image.W * photos[i].Shrink}
		main := face.Main(found, whole)
		for j, f := range faces {
			box := [4]float32{f.Box.X, f.Box.Y, f.Box.W, f.Box.H}
			lists[i] = append(lists[i], gallery.Face{
				Box: &box, Landmarks: pairs(f.Landmarks), Score: f.Score, Main: j == main, Embedding: f.Embedding, Refuse: f.Quality.Refuse(), Weight: float32(f.Quality.Weight()),
			})
		}
	}
	return lists, nil
}

func pairs(points []detect.Point) [][2]float32 {
	list := make([][2]float32, len(points))
	for i, p := range points {
		list[i] = [2]float32{p.X, p.Y}
	}
	return list
}

// GalleryEmbedder embeds crops that a gallery kept, for [gallery.Migrate]: the face of each that was enrolled, or, without a pipeline, each
// whole.
func (m *Model) GalleryEmbedder(pipeline *face.Pipeline) gallery.Embedder {
	return func(ctx context.Context, crops [][]byte) ([][]float32, error) {
		images := make([]imgproc.Image, len(crops))
		for i, crop := range crops {
			var err error
			if images[i], err = imgproc.Decode(bytes.NewReader(crop)); err != nil {
				return nil, fmt.Errorf("a kept crop: %w", err)
			}
		}
		if pipeline == nil {
			return m.EmbedImages(ctx, images)
		}
		return embedKept(ctx, pipeline, crops, imgproc.Photos(images...))
	}
}

// embedKept embeds the face in each crop: by its landmarks, or the main one where it has none. It is nil where there is no face.
func embedKept(ctx context.Context, pipeline *face.Pipeline, crops [][]byte, photos []imgproc.Photo) ([][]float32, error) {
	rows := make([][]float32, len(crops))
	var known, unknown []int
	var found [][]detect.Detection
	for i, crop := range crops {
		landmarks := gallery.CropLandmarks(crop)
		if landmarks == nil {
			unknown = append(unknown, i)
			continue
		}
		known = append(known, i)
		d := detect.Detection{Score: 1}
		for _, p := range landmarks {
			d.Landmarks = append(d.Landmarks, detect.Point{X: p[0], Y: p[1]})
		}
		found = append(found, []detect.Detection{d})
	}
	of := func(which []int) []imgproc.Photo {
		some := make([]imgproc.Photo, len(which))
		for i, at := range which {
			some[i] = photos[at]
		}
		return some
	}
	lists, err := pipeline.EmbedFound(ctx, of(known), found)
	if err != nil {
		return nil, err
	}
	for i, list := range lists {
		if len(list) > 0 {
			rows[known[i]] = list[0].Embedding
		}
	}
	if len(unknown) == 0 {
		return rows, nil
	}
	faces, _, err := pipeline.EmbedMain(ctx, of(unknown))
	for i, f := range faces {
		rows[unknown[i]] = f.Embedding
	}
	return rows, err
}
