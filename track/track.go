// Package track follows objects through a video: detections of each frame go in, tracks come out. It sees boxes, scores and embeddings
// only. A tracker is a value, [Settings]: how boxes move, in which stages tracks and detections are paired, and how tracks begin and end.
// [Ours], [SORT], [DeepSORT] and [ByteTrack] are four.
package track

import (
	"fmt"
	"time"

	"github.com/siam-go/siam/dataset/mot"
)

// State is where a track is in its life.
type State uint8

// The states; a set of them is their sum.
const (
	Tentative State = 1 << iota // too young to be believed
	Confirmed                   // seen in this frame
	Lost                        // believed, but not seen in this frame
	Removed                     // over
)

// String is the state's name.
func (s State) String() string {
	switch s {
	case Tentative:
		return "tentative"
	case Confirmed:
		return "confirmed"
	case Lost:
		return "lost"
	case Removed:
		return "removed"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Track is one object over time.
type Track struct {
	ID    int // from 1, given when the track is first reported; 0 before
	State State
	Box   mot.Box // where it is believed to be
	Score float64 // of its last detection
	// Detection is the index of the detection that it goes with in this frame, or -1.
	Detection int
	Hits      int           // detections that it went with
	Born      time.Duration // time of the first
	Seen      time.Duration // time of the last

	motion    filter
	before    filter  // at the last detection
	last      mot.Box // box of the last detection, moved with the camera since
	look      mot.Box // the same where it was seen
	streak    int     // detections without a miss between
	missed    int     // frames since the last one
	memory    memory
	compared  []float64 // with the detections of this frame, by appearance; unknown until asked for, and NaN where there is no answer
	predicted mot.Box
	row       int // in the association of this frame
}

// Unseen is how long ago a track was last seen, at a time.
func (t *Track) Unseen(at time.Duration) time.Duration { return at - t.Seen }
