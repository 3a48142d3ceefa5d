package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

const (
	// maskedSide bounds the sides of images with masks, in pixels; larger ones are shrunk, with their masks.
	maskedSide = 640
	// maskedBytes bounds the images and masks of a set that are held.
	maskedBytes = 1 << 30
)

// remote is where an item's image and mask are read again from.
type remote struct {
	folder Folder
	file   string // of the image
	mask   maskFile
}

// Load is the item with its image and mask: those it holds, or, where its set is too large to hold them all, as they are read again. It
// fails when they can no longer be read.
func (it Item) Load() (Item, error) {
	if it.remote == nil {
		return it, nil
	}
	from := it.remote
	data, err := from.folder.bytes(from.file)
	if err != nil {
		return it, from.folder.failed(from.file, err)
	}
	photo, err := imgproc.DecodeBytes(data, from.folder.Enough)
	if err != nil {
		return it, from.folder.failed(from.file, err)
	}
	it.Image = bounded(photo.Image)
	if it.Mask, err = from.mask.of(from.folder, photo.Image, it.Image); err != nil {
		return it, from.folder.failed(from.mask.file, err)
	}
	return it, nil
}

// loadMasked decodes images, one after the other, each with the masks of its items, and holds as many bytes of them; the others' items
// are remote. Items whose files cannot be read, whose mask has another shape than the image, or whose mask is empty, are left out.
func (s *Set) loadMasked(ctx context.Context, f Folder, masks []maskFile, hold int) error {
	var files []string
	items := make(map[string][]int) // by file
	for i, it := range s.Items {
		if len(items[it.Source]) == 0 {
			files = append(files, it.Source)
		}
		items[it.Source] = append(items[it.Source], i)
	}
	var left []int
	seed, pictures := maphash.MakeSeed(), map[pictureKey][]int{} // items by picture
	k := -1
	for photo, err := range f.Photos(ctx, files) {
		k++
		of := items[files[min(k, len(files)-1)]]
		if failed, ok := errors.AsType[*FileError](err); ok && !f.Strict {
			s.Failed, left = append(s.Failed, failed), append(left, of...)
			continue
		}
		if err != nil {
			return err
		}
		image := bounded(photo.Image)
		picture := pictureKey{image.H, image.W, maphash.Bytes(seed, image.Pix)}
		pictures[picture] = append(pictures[picture], of...)
		held := false // the image, which its items share
		for _, i := range of {
			ok, err := s.cover(&s.Items[i], f, masks[i], photo.Image, image)
			if err != nil {
				return err
			}
			if !ok {
				left = append(left, i)
				continue
			}
			it := &s.Items[i]
			if hold -= len(it.Mask.Pix); !held {
				hold -= len(image.Pix)
			}
			if held = hold >= 0; !held {
				it.Image, it.Mask, it.remote = imgproc.Image{}, imgproc.Image{}, &remote{f, files[k], masks[i]}
			}
		}
	}
	s.tellShown(pictures)
	if len(left) == len(s.Items) {
		if len(s.Failed) > 0 {
			return s.Failed[0]
		}
		return fmt.Errorf("read %s: all masks are empty", f.Path)
	}
	if len(left) > 0 {
		kept := s.Without(left...)
		s.Classes, s.Items = kept.Classes, kept.Items
	}
	return nil
}

// pictureKey tells pictures apart, whichever files they come from.
type pictureKey struct {
	h, w int
	hash uint64
}

// tellShown tells items of one picture of each other, and which classes it shows.
func (s *Set) tellShown(pictures map[pictureKey][]int) {
	for _, items := range pictures {
		var shows []string
		for _, i := range items {
			shows = append(shows, s.Classes[s.Items[i].Label].Name)
		}
		slices.Sort(shows)
		if shows = slices.Compact(shows); len(shows) < 2 {
			continue
		}
		for _, i := range items {
			s.Items[i].picture, s.Items[i].shows = s.Items[items[0]].Source, shows
		}
	}
}

// cover gives an item its image and mask; it is not ok when the item is to be left out, and an error only where the folder is strict.
func (s *Set) cover(it *Item, f Folder, file maskFile, full, image imgproc.Image) (ok bool, err error) {
	mask, err := file.of(f, full, image)
	if err != nil {
		failed := &FileError{File: f.name(file.file), Err: f.failed(file.file, err)}
		if f.Strict {
			return false, failed
		}
		s.Failed = append(s.Failed, failed)
		return false, nil
	}
	if !slices.Contains(mask.Pix, 255) {
		why := "it shows no " + s.Classes[it.Label].Name
		if file.coco != nil && slices.Contains(mask.Pix, MaskVoid) {
			why += " but a crowd"
		}
		s.Skipped = append(s.Skipped, Skipped{it.Source, why})
		return false, nil
	}
	it.Image, it.Mask, it.Source = image, mask, f.name(it.Source)
	return true, nil
}

// bounded is an image in colour, shrunk where it is larger than is of use.
func bounded(m imgproc.Image) imgproc.Image {
	if long := max(m.H, m.W); long > maskedSide {
		m = imgproc.Resize(m, max(1, m.H*maskedSide/long), max(1, m.W*maskedSide/long))
	}
	return m.RGB()
}

// of reads the mask of a full image, at the size that the image has after [bounded].
func (m maskFile) of(f Folder, full, image imgproc.Image) (imgproc.Image, error) {
	mask, err := m.read(f)
	if err != nil {
		return mask, err
	}
	if !MaskFits(mask.H, mask.W, full.H, full.W) {
		return mask, fmt.Errorf("a mask of %d×%d pixels for an image of %d×%d: want the same shape", mask.W, mask.H, full.W, full.H)
	}
	return mask.Nearest(image.H, image.W), nil
}
