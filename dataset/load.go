package dataset

import (
	"context"
	"errors"

	"github.com/siam-go/siam/imgproc"
)

// ReadImages decodes images, named by their paths inside f, on all cores. The error is that of the first file that has one.
func (f Folder) ReadImages(ctx context.Context, files []string) ([]imgproc.Image, error) {
	images := make([]imgproc.Image, 0, len(files))
	for photo, err := range f.Photos(ctx, files) {
		if err != nil {
			return nil, err
		}
		images = append(images, photo.Image)
	}
	return images, nil
}

// load decodes the files that the items' Source names, paths inside f, and makes each Source what messages call it. Where f is not strict,
// files that cannot be read are failed, and left has the places of their items.
func load(ctx context.Context, f Folder, items []Item) (failed []*FileError, left []int, err error) {
	files := make([]string, len(items))
	for i, item := range items {
		files[i] = item.Source
	}
	i := 0
	for photo, err := range f.Photos(ctx, files) {
		if file, ok := errors.AsType[*FileError](err); ok && !f.Strict {
			failed, left = append(failed, file), append(left, i)
		} else if err != nil {
			return nil, nil, err
		} else {
			items[i].Image, items[i].Source = photo.Image, f.name(files[i])
		}
		i++
	}
	return failed, left, nil
}
