// Package dataset reads labelled images, splits them by identity, and samples batches of them.
package dataset

import "github.com/siam-go/siam/imgproc"

// Set is a labelled image collection held in memory.
type Set struct {
	Name    string
	Classes []Class // indexed by label
	Items   []Item
}

// Class is one identity: a character, a person, a thing.
type Class struct {
	Name  string // unique in the set, such as "Latin/character07"
	Group string // what it is seen beside: the alphabet of a character; empty when there is none
}

// Item is one image of one class.
type Item struct {
	Image  imgproc.Image
	Label  int    // index into Set.Classes
	Drawer int    // who made it, from 1; 0 when unknown
	Source string // the file it came from, for messages
}
