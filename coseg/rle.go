package coseg

// RLE is a mask as COCO writes it, not compressed: the lengths of runs down the columns, one column after the other, of background and
// object by turns, background first.
type RLE struct {
	Size   [2]int `json:"size"` // height, width
	Counts []int  `json:"counts"`
}

// NewRLE writes a mask [h·w].
func NewRLE(bits []bool, h, w int) RLE {
	r := RLE{Size: [2]int{h, w}, Counts: []int{}}
	on, run := false, 0
	for x := range w {
		for y := range h {
			if bits[y*w+x] != on {
				r.Counts = append(r.Counts, run)
				on, run = !on, 0
			}
			run++
		}
	}
	r.Counts = append(r.Counts, run)
	return r
}
