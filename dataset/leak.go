package dataset

import (
	"bytes"
	"fmt"
	"hash/maphash"
)

// Leak reports, naming it, the first thing that two sets share although one judges what was trained on the other: a class
// by name, or an image by its pixels, whatever way it is turned.
func Leak(a, b *Set) error {
	names := make(map[string]bool, len(a.Classes))
	for _, c := range a.Classes {
		names[c.Name] = true
	}
	for _, c := range b.Classes {
		if names[c.Name] {
			return fmt.Errorf("data sets %s and %s share the class %s", a.Name, b.Name, c.Name)
		}
	}
	seed := maphash.MakeSeed()
	known := make(map[uint64]int, len(a.Items))
	for i, it := range a.Items {
		known[maphash.Bytes(seed, it.Image.Pix)] = i
	}
	for _, it := range b.Items {
		if i, ok := known[maphash.Bytes(seed, it.Image.Pix)]; ok && bytes.Equal(a.Items[i].Image.Pix, it.Image.Pix) {
			return fmt.Errorf("data sets %s and %s share an image: %s and %s", a.Name, b.Name, a.Items[i].Source, it.Source)
		}
	}
	return nil
}
