package dataset

import "slices"

// Pictures are those of a set of images with masks, which has an item of a picture for each class that it shows: items of the same Source, or of files that are copies of it.
// A picture may show classes besides of which the set has no item: their masks are of crowds, could not be read, or were split off.
type Pictures struct {
	Set     *Set
	Classes [][]int32 // as [Set.ByClass] has them
	beside  [][]int32 // by item: the items of its picture, itself among them
	shown   [][]int   // by item: the labels of the classes that its picture shows; those that the set has not come after those that it has
}

// NewPictures finds the pictures of a set.
func NewPictures(s *Set) Pictures {
	p := Pictures{s, s.ByClass(), make([][]int32, len(s.Items)), make([][]int, len(s.Items))}
	named, labels := map[string][]int32{}, map[string]int{}
	for label, class := range s.Classes {
		labels[class.Name] = label
	}
	for i, it := range s.Items {
		if picture := it.pictureOf(); picture == "" {
			p.beside[i], p.shown[i] = []int32{int32(i)}, []int{it.Label}
		} else {
			named[picture] = append(named[picture], int32(i))
		}
	}
	for _, items := range named {
		var shown []int
		for _, i := range items {
			shown = append(shown, s.Items[i].Label)
			for _, class := range s.Items[i].shows {
				if _, known := labels[class]; !known {
					labels[class] = len(labels)
				}
				shown = append(shown, labels[class])
			}
		}
		slices.Sort(shown)
		shown = slices.Compact(shown)
		for _, i := range items {
			p.beside[i], p.shown[i] = items, shown
		}
	}
	return p
}

// pictureOf is what the items of a picture have in common; empty where nobody knows.
func (it Item) pictureOf() string {
	if it.picture != "" {
		return it.picture
	}
	return it.Source
}

// Shared are the labels of the classes that the pictures of both items show.
func (p Pictures) Shared(a, b int32) []int {
	var labels []int
	for _, label := range p.shown[a] {
		if p.Shows(b, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// Shows says whether an item's picture shows a class.
func (p Pictures) Shows(i int32, label int) bool {
	_, shows := slices.BinarySearch(p.shown[i], label)
	return shows
}

// Masked says whether the set has masks of all of some classes in an item's picture.
func (p Pictures) Masked(i int32, labels []int) bool {
	return !slices.ContainsFunc(labels, func(label int) bool {
		return !slices.ContainsFunc(p.beside[i], func(j int32) bool { return p.Set.Items[j].Label == label })
	})
}

// Load is an item with its image and the mask of all that its picture shows of some classes, its own among them. It fails as [Item.Load]
// does.
func (p Pictures) Load(i int32, labels []int) (Item, error) {
	item, err := p.Set.Items[i].Load()
	if err != nil || len(labels) < 2 {
		return item, err
	}
	item.Mask.Pix = slices.Clone(item.Mask.Pix)
	for _, j := range p.beside[i] {
		if j == i || !slices.Contains(labels, p.Set.Items[j].Label) {
			continue
		}
		other, err := p.Set.Items[j].Load()
		if err != nil {
			return item, err
		}
		for k, v := range other.Mask.Pix {
			if v == 255 || v == MaskVoid && item.Mask.Pix[k] == 0 {
				item.Mask.Pix[k] = v
			}
		}
	}
	return item, nil
}

// SplitByShown takes all pictures that show one of the named classes out of a set of images with masks, whatever else they show.
func SplitByShown(s *Set, taken ...string) (rest, out *Set, err error) {
	names := make([]string, len(s.Classes))
	for i, c := range s.Classes {
		names[i] = c.Name
	}
	if err := among(s.Name, "class", taken, names); err != nil {
		return nil, nil, err
	}
	p := NewPictures(s)
	rest, out = s.split(func(i int) bool {
		return slices.ContainsFunc(taken, func(class string) bool { return p.Shows(int32(i), slices.Index(names, class)) })
	})
	return rest, out, nil
}
