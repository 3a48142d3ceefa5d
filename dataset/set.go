// Package dataset reads labelled images, splits them by identity, and samples batches of them.
package dataset

import (
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Set is a labelled image collection, held in memory; of a large one with masks a part, see [Item.Load].
type Set struct {
	Name    string
	Classes []Class // indexed by label
	Items   []Item
	// What a folder held besides, as the set was read: what is no image, and files that could not be read, in the order of their paths.
	Skipped []Skipped
	Failed  []*FileError
}

// Class is one identity: a character, a person, a thing.
type Class struct {
	Name  string // unique in the set, such as "Latin/character07"
	Group string // what it is seen beside: the alphabet of a character; empty when there is none
}

// Item is one image of one class, or one vector where the set is of no images.
type Item struct {
	Image  imgproc.Image
	Vector []float32 // what an encoder of vectors reads; nil where there is an Image
	// Mask [h, w], of the size of Image, is where the object of the item's class is: 255 on it, 0 beside it and [MaskVoid] where nobody
	// knows; empty where there is none.
	Mask   imgproc.Image
	Label  int    // index into Set.Classes
	Drawer int    // who made it, from 1; 0 when unknown
	Source string // the file it came from, for messages
	// Turn is how Image is laid down before use: the classes that [Turned] makes share the pixels of the ones they
	// come from. Read an item's picture by Pixels.
	Turn imgproc.Turn
	Seen *Seen // where in a video it was; nil for an image of none

	picture string   // the Source of the first item of its picture; empty where it has one item only
	shows   []string // the names of all classes that its picture shows, with and without items; nil where it shows its own only
	remote  *remote  // where Image and Mask are read from whenever they are wanted, see [Item.Load]; nil where they are here
}

// Seen is when and where in a video an item's image was.
type Seen struct {
	Next       imgproc.Image // what its place shows in the next frame, of the size of the item's image; without pixels where there is none
	At         float64       // seconds from the video's beginning
	X, Y, W, H float64       // of the box, in pixels of the frame
}

// Pixels is the item's picture: Image after Turn.
func (it Item) Pixels() imgproc.Image { return it.Image.Turned(it.Turn) }

// Groups lists the groups in the order in which the classes name them.
func (s *Set) Groups() []string {
	var groups []string
	seen := map[string]bool{}
	for _, c := range s.Classes {
		if !seen[c.Group] {
			seen[c.Group] = true
			groups = append(groups, c.Group)
		}
	}
	return groups
}

// Drawers lists, in ascending order, everybody who made an item; 0 stands for the unknown.
func (s *Set) Drawers() []int {
	var drawers []int
	for _, it := range s.Items {
		if at, found := slices.BinarySearch(drawers, it.Drawer); !found {
			drawers = slices.Insert(drawers, at, it.Drawer)
		}
	}
	return drawers
}

// ByClass lists for each label the indices of its items, in order.
func (s *Set) ByClass() [][]int32 {
	items := make([][]int32, len(s.Classes))
	for i, it := range s.Items {
		items[it.Label] = append(items[it.Label], int32(i))
	}
	return items
}

// byGroup lists the labels of each group, groups in the order of [Set.Groups].
func (s *Set) byGroup() [][]int32 {
	var labels [][]int32
	at := s.groupNumbers()
	for label := range s.Classes {
		g := at[label]
		if int(g) == len(labels) {
			labels = append(labels, nil)
		}
		labels[g] = append(labels[g], int32(label))
	}
	return labels
}

// groupNumbers gives each label's group as an index into [Set.Groups].
func (s *Set) groupNumbers() []int32 {
	number := map[string]int32{}
	at := make([]int32, len(s.Classes))
	for label, c := range s.Classes {
		if _, known := number[c.Group]; !known {
			number[c.Group] = int32(len(number))
		}
		at[label] = number[c.Group]
	}
	return at
}

// Check reports a set that cannot be sampled: one without items, a label outside Classes, two classes of one name, an image that is
// not sound, or vectors of several lengths or with numbers that are not finite.
func (s *Set) Check() error {
	if len(s.Items) == 0 {
		return fmt.Errorf("data set %s has no images", s.Name)
	}
	names := make(map[string]bool, len(s.Classes))
	for _, c := range s.Classes {
		if names[c.Name] {
			return fmt.Errorf("data set %s has two classes named %s", s.Name, c.Name)
		}
		names[c.Name] = true
	}
	for i, it := range s.Items {
		if it.Label < 0 || it.Label >= len(s.Classes) {
			return fmt.Errorf("data set %s: item %d has label %d of %d", s.Name, i, it.Label, len(s.Classes))
		}
		if err := it.check(len(s.Items[0].Vector)); err != nil {
			return fmt.Errorf("data set %s: item %d %s: %w", s.Name, i, it.Source, err)
		}
	}
	return nil
}

// check wants a vector of so many finite numbers, or an image where that is 0.
func (it Item) check(numbers int) error {
	if len(it.Vector) != numbers {
		return fmt.Errorf("it is a vector of %d numbers, want %d as others have (0 for images)", len(it.Vector), numbers)
	}
	if numbers == 0 {
		return it.Image.Check()
	}
	for i, v := range it.Vector {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("number %d of its vector is %v", i, v)
		}
	}
	return nil
}
