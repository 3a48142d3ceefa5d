package dataset

import (
	"context"
	"fmt"
	"path"
)

// ReadIdentities reads a folder with one sub-folder of images per identity, in parallel. Classes are named by their folder
// and have no group, and items have no drawer. An identity may have a single image.
func ReadIdentities(ctx context.Context, f Folder) (*Set, error) {
	identities, _, err := f.list(".")
	if err != nil {
		return nil, err
	}
	s := &Set{Name: path.Base(f.Path)}
	for label, identity := range identities {
		inner, images, err := f.list(identity)
		switch {
		case err != nil:
			return nil, err
		case len(images) == 0 && len(inner) > 0:
			return nil, fmt.Errorf("read %s: it holds folders where images should be: want IDENTITY/IMAGE; is it a folder of alphabets?",
				f.name(identity))
		case len(images) == 0:
			return nil, fmt.Errorf("read %s: the identity has no images: fetch the data again, or remove the folder", f.name(identity))
		}
		s.Classes = append(s.Classes, Class{Name: identity})
		for _, image := range images {
			s.Items = append(s.Items, Item{Label: label, Source: path.Join(identity, image)})
		}
	}
	if len(s.Classes) < 2 {
		return nil, fmt.Errorf("read %s: it holds %d folders of images: want one for each of at least two identities", f.Path, len(s.Classes))
	}
	return s, load(ctx, f, s.Items)
}
