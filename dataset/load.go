package dataset

import (
	"context"

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

// load is [Set.load] of items that must all be there: it makes each Source what messages call it.
func load(ctx context.Context, f Folder, items []Item) error {
	files := make([]string, len(items))
	for i, item := range items {
		files[i] = item.Source
	}
	images, err := f.ReadImages(ctx, files)
	if err != nil {
		return err
	}
	for i := range items {
		items[i].Image, items[i].Source = images[i], f.name(items[i].Source)
	}
	return nil
}
