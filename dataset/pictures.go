package dataset

import "slices"

// Pictures are those of a set of images with masks, which has an item of a picture for each class that it shows: items of the same Source.
type Pictures struct {
	Set     *Set
	Classes [][]int32 // as [Set.ByClass] has them
	beside  [][]int32 // by item: the items of its picture, itself among them
}

// NewPictures finds the pictures of a set.
func NewPictures(s *Set) Pictures {
	p := Pictures{s, s.ByClass(), make([][]int32, len(s.Items))}
	named := map[string][]int32{}
	for i, it := range s.Items {
		if it.Source == "" {
			p.beside[i] = []int32{int32(i)}
		} else {
			named[it.Source] = append(named[it.Source], int32(i))
		}
	}
	for _, items := range named {
		for _, i := range items {
			p.beside[i] = items
		}
	}
	return p
}

// Shared are the labels of the classes that the pictures of both items show.
func (p Pictures) Shared(a, b int32) []int {
	var labels []int
	for _, i := range p.beside[a] {
		if label := p.Set.Items[i].Label; p.Shows(b, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// Shows says whether an item's picture shows a class.
func (p Pictures) Shows(i int32, label int) bool {
	return slices.ContainsFunc(p.beside[i], func(j int32) bool { return p.Set.Items[j].Label == label })
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
