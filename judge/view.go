package judge

import (
	"context"
	"fmt"
	"image"
	"iter"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
)

// View says how to look at photographs: what is to be compared in each, and its embedding.
type View struct {
	Enough imgproc.Enough // how fine photographs have to be
	Cut    func(ctx context.Context, photos []imgproc.Photo) ([][]Cut, error)
}

// Cut is a piece of a photograph.
type Cut struct {
	Image     imgproc.Image // as fine as the photograph was decoded
	Embedding []float32
}

// photosAtOnce is how many photographs a view sees together.
const photosAtOnce = 8

// some are photographs in order, and in the places of those that could not be read why.
type some struct {
	photos   []imgproc.Photo
	names    []string // of the photos
	failures []error  // of all, nil for the photos
}

// Cuts yields what the view takes out of each of the photographs, which files names, in order. Errors of photographs stand in their
// places. An error of the view, or an embedding that is no numbers, names its file and is the last. The view looks at some photographs
// while the next are read.
func (v View) Cuts(ctx context.Context, files []string, photos iter.Seq2[imgproc.Photo, error]) iter.Seq2[[]Cut, error] {
	return func(yield func([]Cut, error) bool) {
		done := make(chan struct{})
		defer close(done)
		for group := range groups(files, photos, done) {
			lists, err := v.cut(ctx, group.names, group.photos)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, failure := range group.failures {
				var cuts []Cut
				if failure == nil {
					cuts, lists = lists[0], lists[1:]
				}
				if !yield(cuts, failure) {
					return
				}
			}
		}
	}
}

// groups reads photographs one group ahead of who takes them, until done.
func groups(files []string, photos iter.Seq2[imgproc.Photo, error], done <-chan struct{}) <-chan some {
	groups := make(chan some)
	go func() {
		defer close(groups)
		var group some
		send := func() bool {
			select {
			case groups <- group:
				group = some{}
				return true
			case <-done:
				return false
			}
		}
		for photo, err := range photos {
			if err == nil {
				group.photos, group.names = append(group.photos, photo), append(group.names, files[0])
			}
			group.failures, files = append(group.failures, err), files[min(1, len(files)):]
			if len(group.failures) == photosAtOnce && !send() {
				return
			}
		}
		if len(group.failures) > 0 {
			send()
		}
	}()
	return groups
}

func (v View) cut(ctx context.Context, names []string, photos []imgproc.Photo) ([][]Cut, error) {
	if len(photos) == 0 {
		return nil, nil
	}
	lists, err := v.Cut(ctx, photos)
	if err != nil {
		return nil, NamedError(err, names)
	}
	for i, cuts := range lists {
		for j, cut := range cuts {
			if err := distance.CheckOne(len(cut.Embedding), cut.Embedding); err != nil {
				return nil, fmt.Errorf("%s: its embedding %w", NameOf(names[i], j, len(cuts)), err)
			}
		}
	}
	return lists, nil
}

// Whole takes every photograph as it is.
func Whole(model Model) View {
	cut := func(ctx context.Context, photos []imgproc.Photo) ([][]Cut, error) {
		images := make([]imgproc.Image, len(photos))
		for i, photo := range photos {
			images[i] = photo.Image
		}
		rows, err := model.EmbedImages(ctx, images)
		cuts := make([][]Cut, len(rows))
		for i, row := range rows {
			cuts[i] = []Cut{{images[i], row}}
		}
		return cuts, err
	}
	return View{model.Spec().Preprocess.Enough, cut}
}

// Faces takes every face, the surest of a photograph first.
func Faces(pipeline *face.Pipeline) View {
	cut := func(ctx context.Context, photos []imgproc.Photo) ([][]Cut, error) {
		lists, err := pipeline.EmbedPhotos(ctx, photos)
		cuts := make([][]Cut, len(lists))
		for i, faces := range lists {
			for _, f := range faces {
				cuts[i] = append(cuts[i], cutFace(photos[i], f))
			}
		}
		return cuts, err
	}
	return View{pipeline.Detector.Enough, cut}
}

// MainFaces takes the main face of each photograph that shows any.
func MainFaces(pipeline *face.Pipeline) View {
	cut := func(ctx context.Context, photos []imgproc.Photo) ([][]Cut, error) {
		faces, _, err := pipeline.EmbedMain(ctx, photos)
		cuts := make([][]Cut, len(faces))
		for i, f := range faces {
			if f.Embedding != nil {
				cuts[i] = []Cut{cutFace(photos[i], f)}
			}
		}
		return cuts, err
	}
	return View{pipeline.Detector.Enough, cut}
}

// cutFace cuts a face out with a rim of a sixth of its height.
func cutFace(photo imgproc.Photo, f face.Face) Cut {
	b := f.Box.Scaled(1 / float32(photo.Shrink))
	box := image.Rect(int(b.X), int(b.Y), int(b.X+b.W), int(b.Y+b.H))
	if crop := photo.Image.Crop(box.Inset(-int(b.H / 6))); crop.Check() == nil {
		return Cut{crop, f.Embedding}
	}
	return Cut{photo.Image, f.Embedding} // the face lies outside, as far as that can be
}

// NameOf names the i-th, from 0, of n cuts of a file: FILE#1 and so on where there are several.
func NameOf(file string, i, n int) string {
	if n == 1 {
		return file
	}
	return fmt.Sprintf("%s#%d", file, i+1)
}
