package dataset

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// MaskVoid is the byte of a mask where nobody knows what is right: it counts neither way.
const MaskVoid = 128

// ReadMasked reads images with masks of one object class each, laid out as one of these:
//
//	images/CLASS/NAME.jpg with masks/CLASS/NAME.png: white is the object, grey (128) is void; or 0 and 1, labels, or transparent beside it
//	images/T_N_s.jpg with labels/T_N_s.png and labels.txt: MSRC, the class of an image being that of its theme T
//	rgb/NAME.jpg with figure_ground/NAME.jpg: Weizmann's horses
//	JPEGImages/NAME.jpg with SegmentationClass/NAME.png: PASCAL VOC, an item for each class that an image shows
//	annotations/instances_PART.json with PART/NAME.jpg or images/NAME.jpg, or FILE.coco.json beside its images: COCO, an item for each
//	category that an image shows, from polygons and run lengths; crowds are void
//
// Masks of another size than their images are brought to it. An image without a mask is skipped. The first GiB of images and masks are
// held; what is more is looked at once, and read again whenever it is wanted: [Item.Load].
func ReadMasked(ctx context.Context, f Folder) (*Set, error) {
	f = f.unwrapped()
	s := &Set{Name: path.Base(f.Path)}
	var masks []maskFile
	var err error
	switch {
	case f.has("images") && f.has("labels") && f.hasFile("labels.txt"):
		masks, err = s.listMSRC(f)
	case f.has("rgb") && f.has("figure_ground"):
		masks, err = s.listBeside(f, "horse", "rgb", "figure_ground")
	case f.has("images") && f.has("masks"):
		masks, err = s.listClasses(f)
	case f.has("JPEGImages") && f.has("SegmentationClass"):
		masks, err = s.listVOC(ctx, f)
	default:
		lists := f.cocoLists()
		if len(lists) == 0 {
			return nil, fmt.Errorf("read %s: no images with masks: want images/CLASS/NAME.jpg with masks/CLASS/NAME.png, or the layout of MSRC, VOC, COCO or Weizmann's horses", f.Path)
		}
		masks, err = s.listCOCO(ctx, f, lists)
	}
	if err != nil {
		return nil, err
	}
	if len(masks) == 0 && len(s.Failed) > 0 {
		return nil, s.Failed[0]
	}
	if len(masks) == 0 && len(s.Skipped) > 0 {
		return nil, fmt.Errorf("read %s: no image there has a mask: skipped %s", f.Path, SkippedNamed(s.Skipped))
	}
	if len(masks) == 0 {
		return nil, fmt.Errorf("read %s: no image there has a mask", f.Path)
	}
	return s, s.loadMasked(ctx, f, masks, maskedBytes)
}

// maskFile says where an item's mask is: a file, and which of its labels is the object, or 0 where bright is; or what a list of COCO's outlines.
type maskFile struct {
	file  string
	label uint8
	coco  *cocoMask // the outlines of a list, where file is one
}

// add lists an item.
func (s *Set) add(class, source string) {
	at := slices.IndexFunc(s.Classes, func(c Class) bool { return c.Name == class })
	if at < 0 {
		at = len(s.Classes)
		s.Classes = append(s.Classes, Class{Name: class})
	}
	s.Items = append(s.Items, Item{Label: at, Source: source})
}

// listBeside lists images and, of the same names but for their ends, masks.
func (s *Set) listBeside(f Folder, class, images, masks string) ([]maskFile, error) {
	_, files, err := f.list(images)
	if err != nil {
		return nil, err
	}
	var found []maskFile
	_, there, err := f.list(masks)
	if err != nil {
		return nil, err
	}
	byStem := map[string]string{}
	for _, m := range there {
		byStem[stem(m)] = m
	}
	for _, file := range files {
		if m, ok := byStem[stem(file)]; ok {
			s.add(class, path.Join(images, file))
			found = append(found, maskFile{file: path.Join(masks, m)})
		} else {
			s.Skipped = append(s.Skipped, Skipped{path.Join(images, file), "it has no mask in " + masks})
		}
	}
	return found, nil
}

func stem(file string) string { return strings.TrimSuffix(path.Base(file), path.Ext(file)) }

func (s *Set) listClasses(f Folder) ([]maskFile, error) {
	classes, _, err := f.list("images")
	if err != nil {
		return nil, err
	}
	var found []maskFile
	for _, class := range classes {
		if !f.has("masks/" + class) {
			s.Skipped = append(s.Skipped, Skipped{"images/" + class, "there is no folder masks/" + class})
			continue
		}
		more, err := s.listBeside(f, class, "images/"+class, "masks/"+class)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// msrcThemes are the object class of each theme of MSRC and its label.
var msrcThemes = map[string]struct {
	class string
	label uint8
}{
	"1": {"cow", 4}, "2": {"tree", 3}, "3": {"building", 1}, "4": {"aeroplane", 9}, "5": {"cow", 4}, "6": {"face", 11}, "7": {"car", 12},
	"8": {"bicycle", 13}, "9": {"sheep", 6}, "10": {"flower", 14}, "11": {"sign", 15}, "12": {"bird", 16}, "13": {"book", 17},
	"14": {"chair", 18}, "15": {"cat", 20}, "16": {"dog", 21}, "18": {"boat", 23}, "20": {"boat", 23}, "19": {"body", 22},
}

// msrcCopies are images that are there twice, under another theme besides: sheep among the grass and cows.
var msrcCopies = []string{"1_26_s", "1_27_s"}

func (s *Set) listMSRC(f Folder) ([]maskFile, error) {
	_, files, err := f.list("images")
	if err != nil {
		return nil, err
	}
	var found []maskFile
	for _, file := range files {
		number, _, _ := strings.Cut(file, "_")
		theme, known := msrcThemes[number]
		switch {
		case !known:
			s.Skipped = append(s.Skipped, Skipped{"images/" + file, "its theme has no object"})
		case slices.Contains(msrcCopies, stem(file)):
			s.Skipped = append(s.Skipped, Skipped{"images/" + file, "it is there twice, and shows another theme"})
		default:
			s.add(theme.class, "images/"+file)
			found = append(found, maskFile{file: "labels/" + stem(file) + ".png", label: theme.label})
		}
	}
	return found, nil
}

// vocClasses are PASCAL VOC's, by label from 1.
var vocClasses = []string{"aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
	"horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"}

func (s *Set) listVOC(ctx context.Context, f Folder) ([]maskFile, error) {
	_, files, err := f.list("SegmentationClass")
	if err != nil {
		return nil, err
	}
	_, images, err := f.list("JPEGImages")
	if err != nil {
		return nil, err
	}
	byStem := map[string]string{}
	for _, image := range images {
		byStem[stem(image)] = image
	}
	var found []maskFile
	for _, file := range files {
		image := cmp.Or(byStem[stem(file)], stem(file)+".jpg")
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		labels, err := readLabels(f, "SegmentationClass/"+file)
		if err != nil {
			failed := &FileError{File: f.name("SegmentationClass/" + file), Err: f.failed("SegmentationClass/"+file, err)}
			if f.Strict {
				return nil, failed
			}
			s.Failed = append(s.Failed, failed)
			continue
		}
		var seen [256]bool
		for _, v := range labels.Pix {
			seen[v] = true
		}
		before := len(found)
		for i, class := range vocClasses {
			if seen[i+1] {
				s.add(class, "JPEGImages/"+image)
				found = append(found, maskFile{file: "SegmentationClass/" + file, label: uint8(i + 1)})
			}
		}
		if len(found) == before {
			s.Skipped = append(s.Skipped, Skipped{"SegmentationClass/" + file, "it has none of the labels 1 to 20 of VOC's classes"})
		}
	}
	return found, nil
}
