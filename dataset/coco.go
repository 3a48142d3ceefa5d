package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// cocoList is a list of instances as COCO lays it out: images, and annotations that outline objects of categories in them.
type cocoList struct {
	Images []struct {
		ID     int64  `json:"id"`
		File   string `json:"file_name"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	} `json:"images"`
	Annotations []cocoOutline `json:"annotations"`
	Categories  []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"categories"`
}

// cocoOutline is one annotation: an object, or a crowd of them.
type cocoOutline struct {
	Image    int64           `json:"image_id"`
	Category int64           `json:"category_id"`
	Crowd    int             `json:"iscrowd"`
	Outline  json.RawMessage `json:"segmentation"`
}

// cocoMask is what a list says of one category in one image.
type cocoMask struct {
	h, w     int
	outlines []cocoOutline
}

// cocoLists are the files of instances in a folder, in annotations/ or beside the images: those that are called so, where any are, as others
// list the same images again, for their people's joints, their captions or their ground.
func (f Folder) cocoLists() []string {
	var lists []string
	for _, pattern := range []string{"annotations/*.json", "*.json", "*/*.coco.json"} {
		found, err := fs.Glob(f.FS, pattern)
		if err != nil {
			continue // of this folder's own pattern: never
		}
		for _, file := range found {
			name := path.Base(file)
			if pattern != "*.json" || strings.Contains(name, "coco") || strings.Contains(name, "instances") || strings.Contains(name, "annotations") {
				lists = append(lists, file)
			}
		}
	}
	slices.Sort(lists)
	named := func(file string) bool { return strings.Contains(path.Base(file), "instances") }
	if slices.ContainsFunc(lists, named) {
		lists = slices.DeleteFunc(lists, func(file string) bool { return !named(file) })
	}
	return lists
}

// listCOCO lists an item for each category that an image shows, of all lists that have outlines.
func (s *Set) listCOCO(ctx context.Context, f Folder, lists []string) ([]maskFile, error) {
	var found []maskFile
	known := map[[2]string]*cocoMask{} // by image and class
	for _, file := range lists {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text, err := fs.ReadFile(f.FS, file)
		if err != nil {
			return nil, f.failed(file, err)
		}
		var list cocoList
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, f.failed(file, fmt.Errorf("it is no list of COCO's instances: %w", err))
		}
		if len(list.Images) == 0 || len(list.Categories) == 0 {
			s.Skipped = append(s.Skipped, Skipped{file, "it lists no images with categories"})
			continue
		}
		found = append(found, s.listOutlines(f, file, list, known)...)
	}
	return found, nil
}

// listOutlines lists the items of one list, image by image and category by category. What is known of an image and a class from another list,
// or another category of that name, is one item with this.
func (s *Set) listOutlines(f Folder, file string, list cocoList, known map[[2]string]*cocoMask) (found []maskFile) {
	type key struct{ image, category int64 }
	outlines := map[key][]cocoOutline{}
	strangers := 0
	for _, a := range list.Annotations {
		outlines[key{a.Image, a.Category}] = append(outlines[key{a.Image, a.Category}], a)
	}
	for _, image := range list.Images {
		source, there := f.cocoImage(file, image.File)
		shown := false
		for _, category := range list.Categories {
			of := outlines[key{image.ID, category.ID}]
			delete(outlines, key{image.ID, category.ID})
			if len(of) == 0 {
				continue
			}
			shown = true
			switch mask := known[[2]string{source, category.Name}]; {
			case !there:
			case mask == nil:
				mask = &cocoMask{image.Height, image.Width, of}
				known[[2]string{source, category.Name}] = mask
				s.add(category.Name, source)
				found = append(found, maskFile{file: file, coco: mask})
			case mask.h != image.Height || mask.w != image.Width:
				s.Skipped = append(s.Skipped, Skipped{source, fmt.Sprintf("%s gives it %d×%d pixels, and was told %d×%d", file, image.Width, image.Height, mask.w, mask.h)})
			default:
				mask.outlines = append(mask.outlines, of...)
			}
		}
		switch {
		case !there:
			s.Skipped = append(s.Skipped, Skipped{image.File, file + " lists it, and it is not there"})
		case !shown:
			s.Skipped = append(s.Skipped, Skipped{source, file + " outlines nothing in it"})
		}
	}
	for _, of := range outlines {
		strangers += len(of)
	}
	if strangers > 0 {
		s.Skipped = append(s.Skipped, Skipped{file, fmt.Sprintf("%d of its outlines are of images or categories that it does not list", strangers)})
	}
	return found
}

// cocoImage is where the image of a list lies: as the list says from the folder on or from its own, in images/, or in the folder of
// the list's part, which is val2017 of instances_val2017.json.
func (f Folder) cocoImage(list, name string) (file string, there bool) {
	name = strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/") // never outside the folder
	_, part, _ := strings.Cut(stem(list), "_")
	for _, dir := range []string{".", path.Dir(list), "images", part, "images/" + part, "data"} {
		if file := path.Join(dir, name); name != "" && f.hasFile(file) {
			return file, true
		}
	}
	return "", false
}

// read is the mask of what outlines cover: [MaskVoid] where it is a crowd, which nobody has outlined one by one.
func (m cocoMask) read() (imgproc.Image, error) {
	if m.h < 1 || m.w < 1 || m.h > imgproc.MaxPixels/m.w {
		return imgproc.Image{}, fmt.Errorf("its list gives the image %d×%d pixels", m.w, m.h)
	}
	mask := imgproc.New(m.h, m.w, 1)
	for _, crowd := range []bool{true, false} { // what is sure covers what is not
		for _, o := range m.outlines {
			if (o.Crowd != 0) != crowd {
				continue
			}
			level := uint8(255)
			if crowd {
				level = MaskVoid
			}
			if err := fillOutline(mask, o.Outline, level); err != nil {
				return mask, fmt.Errorf("an outline of image %d: %w", o.Image, err)
			}
		}
	}
	return mask, nil
}
