// Package mot reads and writes boxes with ids over time: detections, tracks and the truth about them, as MOTChallenge's text, KITTI's
// text or COCO's JSON, and the folders that hold them.
package mot

import (
	"fmt"
	"math"
	"slices"
)

// Box is a rectangle in an image: its left and top side, width and height, in pixels.
type Box struct{ X, Y, W, H float64 }

// Area is W·H in square pixels, 0 for a box without extent.
func (b Box) Area() float64 { return max(b.W, 0) * max(b.H, 0) }

// Overlap is the area in square pixels that two boxes share.
func (b Box) Overlap(other Box) float64 {
	w := min(b.X+b.W, other.X+other.W) - max(b.X, other.X)
	h := min(b.Y+b.H, other.Y+other.H) - max(b.Y, other.Y)
	return max(w, 0) * max(h, 0)
}

// IoU is the area that two boxes share over the area that they cover together, in [0, 1].
func (b Box) IoU(other Box) float64 {
	shared := b.Overlap(other)
	if shared == 0 {
		return 0
	}
	return shared / (b.between() + other.between() - shared)
}

// between is the area between corners, whose rounding is that of Overlap: a box has an IoU of exactly 1 with itself.
func (b Box) between() float64 { return (b.X + b.W - b.X) * (b.Y + b.H - b.Y) }

// Finite reports whether all four numbers are.
func (b Box) Finite() bool {
	sum := math.Abs(b.X) + math.Abs(b.Y) + math.Abs(b.W) + math.Abs(b.H)
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// Row is one box in one frame.
type Row struct {
	Frame int
	ID    int // of the track; -1 for a detection
	Box   Box
	// Score is a detector's confidence, on its own scale. In the truth it is a flag: rows of score 0 are to be ignored.
	Score float64
	Label string // what it shows, such as pedestrian; "" where the format does not say
	Line  int    // where it stood in its file, from 1
}

// Bad is a row that could not be used.
type Bad struct {
	Line int
	Why  string
}

// Sequence is one video's rows, sorted by frame and within that as the file has them.
type Sequence struct {
	Name string
	Path string // of the file
	// Format is one of [Formats], as the file was found to have.
	Format string
	Rows   []Row
	Bad    []Bad // rows with numbers that are not finite
	Info   Info
	// Ignore are regions that a tracker is not judged in, such as KITTI's DontCare.
	Ignore []Row
	// frames by id of the image, of COCO's files.
	images map[int]image
}

// Info is what is known of a video besides its boxes; 0 where it is not.
type Info struct {
	Frames        int // the number of the last one
	Rate          float64
	Width, Height int
	Images        string // folder of the frames, "" where there is none
}

// Frames are the numbers of the first and last frame with a row; 0, -1 when there are none.
func (s Sequence) Frames() (first, last int) {
	if len(s.Rows) == 0 {
		return 0, -1
	}
	return s.Rows[0].Frame, s.Rows[len(s.Rows)-1].Frame
}

// sorted puts rows in the order of frames.
func (s *Sequence) sorted() {
	slices.SortStableFunc(s.Rows, func(a, b Row) int { return a.Frame - b.Frame })
}

// add takes a row, or notes why not.
func (s *Sequence) add(r Row) {
	switch {
	case !r.Box.Finite():
		s.Bad = append(s.Bad, Bad{r.Line, "a box that is not finite"})
	case math.IsNaN(r.Score) || math.IsInf(r.Score, 0):
		s.Bad = append(s.Bad, Bad{r.Line, "a score that is not finite"})
	default:
		s.Rows = append(s.Rows, r)
	}
}

// CheckIDs finds an id that is twice in a frame.
func (s Sequence) CheckIDs() error {
	type key struct{ frame, id int }
	at := make(map[key]int, len(s.Rows))
	for _, r := range s.Rows {
		k := key{r.Frame, r.ID}
		if line, twice := at[k]; twice {
			return fmt.Errorf("%s: id %d is twice in frame %d (lines %d and %d); an id names one box of a frame", s.Path, r.ID, r.Frame, line, r.Line)
		}
		at[k] = r.Line
	}
	return nil
}

// CheckFits finds rows that cannot be of this sequence: all of them outside its images or after its end.
func (s Sequence) CheckFits() error {
	if len(s.Rows) == 0 {
		return nil
	}
	out, late := 0, 0
	for _, r := range s.Rows {
		if s.Info.Frames > 0 && r.Frame > s.Info.Frames {
			late++
		}
		if s.Info.Width > 0 && (r.Box.X >= float64(s.Info.Width) || r.Box.Y >= float64(s.Info.Height) || r.Box.X+r.Box.W <= 0 || r.Box.Y+r.Box.H <= 0) {
			out++
		}
	}
	switch n := len(s.Rows); {
	case late > 0:
		return fmt.Errorf("%s has %d rows after frame %d, the last of the sequence: are they of another sequence", s.Path, late, s.Info.Frames)
	case out*2 > n:
		return fmt.Errorf("%s has %d of %d boxes outside the sequence's %d×%d pixels: are they of another sequence", s.Path, out, n, s.Info.Width, s.Info.Height)
	}
	return nil
}
