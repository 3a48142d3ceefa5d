package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/spf13/cobra"
)

// album is a folder of images, or the faces in them, with their embeddings.
type album struct {
	folder     dataset.Folder
	files      []string // of each picture, within folder
	names      []string // of each picture, as people read it
	pictures   []image.Image
	embeddings [][]float32
	identities []string // whom each picture shows, by the paths of the files; nil when they do not tell
}

// pictureSide is the longest side of the pictures that are kept, in pixels.
const pictureSide = 128

// albumFlags say which images make an album.
type albumFlags struct {
	model, data string
	only        []string
	faces       faceFlags
	labels      bool // wants to know whom the images show
	most        int  // images; 0 for any number
}

func (f *albumFlags) add(cmd *cobra.Command) {
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "take the identities of these `names` only, as folders or file names tell them; patterns such as 's2[1-9],s30' will do")
	f.faces.add(cmd)
}

// openAlbum reads the images of a folder, a few at a time, and embeds them.
func (a *app) openAlbum(ctx context.Context, model *siam.Model, f albumFlags) (*album, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	files, err := folder.Images()
	if err != nil {
		return nil, err
	}
	if len(f.only) > 0 {
		if files, err = onlyThose(files, f.only); err != nil {
			return nil, fmt.Errorf("--only in %s: %w", f.data, err)
		}
	}
	if err := f.check(files); err != nil {
		return nil, err
	}
	faces := f.faces
	al := &album{folder: folder}
	add := al.addImages
	if faces.faces {
		pipeline, err := faces.pipeline(model)
		if err != nil {
			return nil, err
		}
		add = func(ctx context.Context, _ *siam.Model, files []string, photos []imgproc.Image) error {
			return al.addFaces(ctx, pipeline, files, photos)
		}
	}
	for some := range slices.Chunk(files, photosAtOnce) {
		photos, err := readAll(folder, some)
		if err != nil {
			return nil, err
		}
		if err := add(ctx, model, some, photos); err != nil {
			return nil, err
		}
	}
	if len(al.files) == 0 {
		return nil, fmt.Errorf("no face was found in the %d images of %s", len(files), folder.Path)
	}
	al.identities = dataset.IdentitiesOf(al.files)
	return al, nil
}

// check refuses a list of images that are of no use, before all the work.
func (f albumFlags) check(files []string) error {
	switch {
	case f.labels && dataset.IdentitiesOf(files) == nil:
		return fmt.Errorf("--labels: neither folders nor file names in %s tell of two identities, one of them with two images: want IDENTITY/IMAGE or IDENTITY_NUMBER", f.data)
	case f.most > 0 && len(files) > f.most:
		return fmt.Errorf("%s has %d images, want at most %d, as memory grows with their square: choose some with --only", f.data, len(files), f.most)
	}
	return nil
}

// onlyThose keeps the files of the identities that fit a pattern.
func onlyThose(files, patterns []string) ([]string, error) {
	identities := dataset.IdentitiesOf(files)
	if identities == nil {
		return nil, errors.New("neither folders nor file names tell whom the images show")
	}
	var kept []string
	for i, file := range files {
		for _, pattern := range patterns {
			fits, err := path.Match(pattern, identities[i])
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", pattern, err)
			}
			if fits {
				kept = append(kept, file)
				break
			}
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("no identity fits %s", strings.Join(patterns, ", "))
	}
	return kept, nil
}

// readAll decodes images on all cores. The error is that of the first that has one.
func readAll(folder dataset.Folder, files []string) ([]imgproc.Image, error) {
	images, errs := make([]imgproc.Image, len(files)), make([]error, len(files))
	parallel.Ranges(len(files), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			images[i], errs[i] = imgproc.ReadFS(folder.FS, files[i])
		}
	})
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", files[i], folder.Path, err)
		}
	}
	return images, nil
}

func (al *album) addImages(ctx context.Context, model *siam.Model, files []string, photos []imgproc.Image) error {
	rows, err := model.EmbedImages(ctx, photos)
	if err != nil {
		return err
	}
	for i, file := range files {
		al.files, al.names = append(al.files, file), append(al.names, file)
		al.pictures = append(al.pictures, thumbnail(photos[i]))
	}
	al.embeddings = append(al.embeddings, rows...)
	return nil
}

// addFaces adds every face of the photographs; the i-th of several in one file is called FILE#i.
func (al *album) addFaces(ctx context.Context, pipeline *face.Pipeline, files []string, photos []imgproc.Image) error {
	lists, err := pipeline.Embed(ctx, photos)
	if err != nil {
		return err
	}
	for i, list := range lists {
		for j, found := range list {
			name := files[i]
			if len(list) > 1 {
				name = fmt.Sprintf("%s#%d", name, j+1)
			}
			b := found.Box
			box := image.Rect(int(b.X), int(b.Y), int(b.X+b.W), int(b.Y+b.H))
			crop := photos[i].Crop(box.Inset(-int(b.H / 6)))
			if crop.Check() != nil {
				crop = photos[i] // the face lies outside, as far as that can be
			}
			al.files, al.names = append(al.files, files[i]), append(al.names, name)
			al.pictures, al.embeddings = append(al.pictures, thumbnail(crop)), append(al.embeddings, found.Embedding)
		}
	}
	return nil
}

// thumbnail is an image no larger than pictureSide.
func thumbnail(m imgproc.Image) image.Image {
	if most := max(m.H, m.W); most > pictureSide {
		m = imgproc.Resize(m, max(m.H*pictureSide/most, 1), max(m.W*pictureSide/most, 1))
	}
	return m.GoImage()
}

// labels numbers the identities from 0, in order of first appearance.
func (al *album) labels() []int {
	number := map[string]int{}
	for i, name := range distinct(al.identities) {
		number[name] = i
	}
	labels := make([]int, len(al.identities))
	for i, name := range al.identities {
		labels[i] = number[name]
	}
	return labels
}

// distinct lists names once each, in order of first appearance.
func distinct(names []string) []string {
	seen := map[string]bool{}
	var list []string
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}
