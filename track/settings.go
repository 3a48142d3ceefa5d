package track

import "time"

// Settings are a tracker. Times are in seconds of the video, not in frames.
type Settings struct {
	Motion Motion
	// Frame is the time that one step of the motion takes. 0 means 40 ms.
	Frame time.Duration
	// CountFrames takes each update as one Frame after the one before, whatever its time: as trackers do that know no time.
	CountFrames bool
	// Stages pair tracks with detections, one after the other; what one has paired is gone for those after.
	Stages []Stage

	Low      float64 // detections with a lower score are not used
	Suppress float64 // IoU above which the lower of two detections is a duplicate; 0 keeps all
	Create   float64 // least score of a detection that begins a track
	Crowded  float64 // IoU with a track above which a detection begins none; 0 lets all

	Confirm   int           // detections that make a tentative track a confirmed one, the first among them
	Sum       float64       // instead, the sum of detections' scores that does; 0 asks for none
	Early     int           // in the first updates so many, tracks are confirmed at once
	Streak    int           // detections in a row without which a track is not reported, counted without the first
	Tentative time.Duration // how long a tentative track lives without a detection
	Lost      time.Duration // how long a confirmed one does
	Recall    time.Duration // how much longer one is remembered that has embeddings, for stages that recall
	Coast     time.Duration // how long one that is not seen is still reported, where it is believed to be
	Merge     float64       // IoU above which a lost track is the same as one that is seen; 0 keeps all

	Reupdate bool // after a gap, go over it again along the straight line that it turned out to be (OC-SORT)
	Raw      bool // report the detection's own box in place of the filter's
	Memory   Memory
	Offline  Offline // how a whole video is tracked
	// MaxIdentities is how many objects there are at most; 0 knows no number. A new one is then the track that was lost and is nearest.
	MaxIdentities int
	// Explain is of how many pairs [Tracker.Association] tells in a frame at most, tracks × detections; of frames with more it tells nothing, and 0
	// asks for none. The costs are computed once more for it.
	Explain int
}

// Stage is one round of pairing.
type Stage struct {
	Tracks   State         // which: a sum of states, as they were before this frame
	Within   time.Duration // only tracks that were seen so lately; 0 means all
	Min, Max float64       // scores of detections: Min ≤ score, and score < Max unless Max is 0
	Cost     Cost
	Gate     float64 // pairs that cost this much or more are not made
	// Recall takes tracks too whose time is over, but that are remembered: see [Settings.Recall].
	Recall bool
	// Late pairs as many as possible first and looks at the gate afterwards, as SORT does.
	Late bool
	// ByAge pairs tracks that were missed for fewer frames first (DeepSORT's cascade).
	ByAge bool
}

// SORT is Simple Online and Realtime Tracking (A. Bewley et al., 2016), which counts frames.
func SORT() Settings {
	return Settings{
		Motion: Motion{
			Shape: AreaRatio, Still: [4]bool{3: true},
			Measure:  [4]float64{1, 1, sqrt10, sqrt10},
			Position: [4]float64{1, 1, 1, 1},
			Velocity: [4]float64{0.1, 0.1, 0.01, 0},
			Start:    [4]float64{sqrt10, sqrt10, sqrt10, sqrt10},
			Speed:    [4]float64{100, 100, 100, 0},
		},
		Frame: frame, CountFrames: true,
		Stages:  []Stage{{Tracks: Tentative | Confirmed | Lost, Cost: IoU, Gate: 0.7, Late: true}},
		Low:     -1,
		Confirm: 1, Early: 3, Streak: 3, Tentative: frame, Lost: frame,
	}
}

const (
	frame  = 40 * time.Millisecond
	sqrt10 = 3.1622776601683795
)

// relative is the motion of DeepSORT and ByteTrack.
func relative() Motion {
	const position, velocity = 1. / 20, 1. / 160
	return Motion{
		Shape: RatioHeight, Relative: true,
		Measure:  [4]float64{position, position, 0.1, position},
		Position: [4]float64{position, position, 0.01, position},
		Velocity: [4]float64{velocity, velocity, 1e-5, velocity},
		Start:    [4]float64{2 * position, 2 * position, 0.01, 2 * position},
		Speed:    [4]float64{10 * velocity, 10 * velocity, 1e-5, 10 * velocity},
	}
}

// ByteTrack pairs detections with low scores too, in a second stage (Y. Zhang et al., 2022). It counts frames.
func ByteTrack() Settings {
	return Settings{
		Motion: relative(), Frame: frame, CountFrames: true,
		Stages: []Stage{
			{Tracks: Confirmed | Lost, Min: 0.5, Cost: IoUScore, Gate: 0.8},
			{Tracks: Confirmed, Min: 0.1, Max: 0.5, Cost: IoU, Gate: 0.5},
			{Tracks: Tentative, Min: 0.5, Cost: IoUScore, Gate: 0.7},
		},
		Low: 0.1, Create: 0.6, Confirm: 2, Early: 1, Tentative: 0, Lost: 30 * frame, Merge: 0.85,
	}
}

// DeepSORT pairs by appearance where motion allows it, the tracks that were seen last first (N. Wojke et al., 2017). It counts frames.
func DeepSORT() Settings {
	return Settings{
		Motion: relative(), Frame: frame, CountFrames: true,
		Stages: []Stage{
			{Tracks: Confirmed | Lost, Cost: Appearance(9.4877), Gate: 0.2, ByAge: true},
			{Tracks: Tentative | Confirmed | Lost, Within: frame, Cost: IoU, Gate: 0.7},
		},
		Low: 0.3, Create: 0.3, Confirm: 3, Tentative: 0, Lost: 30 * frame,
		Memory: Memory{Size: 100},
	}
}
