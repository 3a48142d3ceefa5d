package track

import (
	"math"
	"time"

	"github.com/siam-go/siam/dataset/mot"
)

// Params are the numbers that [Ours] is made of: what [Tune] searches. Times are in seconds of the video, and noise is in heights of a box.
type Params struct {
	High     float64 `json:"high"`     // score of the detections that are paired first, and begin tracks
	Low      float64 `json:"low"`      // least score of those that go on with a track
	Suppress float64 `json:"suppress"` // IoU of duplicates
	Crowded  float64 `json:"crowded"`  // IoU with a track on which no other begins
	Gate     float64 `json:"gate"`     // of the first stage
	LowGate  float64 `json:"low_gate"` // of the second
	NewGate  float64 `json:"new_gate"` // of tentative tracks
	Grow     float64 `json:"grow"`     // part of a box's size that it grows by on each side before IoU, for each second unseen
	Buffer   float64 `json:"buffer"`   // and always
	Trust    float64 `json:"trust"`    // how much a low score raises the cost, from 0 to 1
	Sum      float64 `json:"sum"`      // sum of scores that confirms a track
	Confirm  int     `json:"confirm"`  // detections that do, at least
	Wait     float64 `json:"wait"`     // seconds that a tentative track lives without a detection
	Lost     float64 `json:"lost"`     // seconds that a confirmed one does
	Coast    float64 `json:"coast"`    // seconds that one is reported without a detection
	Measure  float64 `json:"measure"`  // deviation of a detection's middle
	Size     float64 `json:"size"`     // deviation of its width and height
	Position float64 `json:"position"` // deviation that a step adds
	Velocity float64 `json:"velocity"` // and to the velocity
	Resize   float64 `json:"resize"`   // to the size
	Looks    float64 `json:"looks"`    // weight of appearance where motion pairs; lost tracks are taken up by looks in any case
	Alike    float64 `json:"alike"`    // distance of embeddings that counts as neither same nor different
	Again    float64 `json:"again"`    // distance of embeddings up to which a lost track is taken up by looks alone
	Reach    float64 `json:"reach"`    // how far off, in heights, and as much more each second
	Recall   float64 `json:"recall"`   // seconds that it is remembered for that when its time is over
	Hidden   float64 `json:"hidden"`   // part of a box that may be covered for its embedding to count
}

// Default are the numbers of [Ours].
func Default() Params {
	return Params{
		High: 0.306, Low: 0.2623, Suppress: 0.3768, Crowded: 0.2928, Gate: 0.83, LowGate: 0.4573, NewGate: 0.5406, Grow: 0.4422, Buffer: 0.0818,
		Trust: 0.3246, Sum: 0.913, Confirm: 1, Wait: 0.5229, Lost: 0.9556, Coast: 0.1037, Measure: 0.09275, Size: 0.2172, Position: 0,
		Velocity: 0.004122, Resize: 0.03354, Looks: 0, Alike: 0.45, Again: 0.596, Reach: 0.19, Recall: 3, Hidden: 0.4,
	}
}

// Ours is the tracker that siam track uses: time is real, detections with low scores go on with tracks that are there, and what is unseen is
// looked for in a box that grows.
func Ours() Settings { return Default().Settings() }

// Settings is the tracker that the numbers make.
func (p Params) Settings() Settings {
	cost := p.cost()
	return Settings{
		Motion: Motion{
			Shape: WidthHeight, Relative: true,
			Measure:  [4]float64{p.Measure, p.Measure, p.Size / 2, p.Size},
			Position: [4]float64{p.Position, p.Position, p.Resize / 2, p.Resize},
			Velocity: [4]float64{p.Velocity, p.Velocity / 2, p.Velocity / 10, p.Velocity / 10},
			Start:    [4]float64{p.Measure, p.Measure, p.Size / 2, p.Size},
			Speed:    [4]float64{0.03, 0.015, 0.003, 0.003},
		},
		Frame: frame,
		Stages: []Stage{
			{Tracks: Confirmed | Lost, Min: p.High, Cost: cost, Gate: p.Gate},
			{Tracks: Confirmed | Lost, Cost: cost, Gate: p.LowGate},
			{Tracks: Lost, Min: p.High, Cost: p.recall, Gate: p.Again, Recall: true},
			{Tracks: Tentative, Cost: cost, Gate: p.NewGate},
		},
		Low: p.Low, Suppress: p.Suppress, Create: p.High, Crowded: p.Crowded,
		Confirm: p.Confirm, Sum: p.Sum, Tentative: seconds(p.Wait), Lost: seconds(p.Lost), Recall: seconds(p.Recall), Coast: seconds(p.Coast),
		Reupdate: true,
		Memory:   Memory{Size: 12, Hidden: p.Hidden, Score: p.High},
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// cost is 1 − IoU of boxes that grow with the time unseen, more for low scores, and more or less as the two look.
func (p Params) cost() Cost {
	step, never := frame.Seconds(), math.Inf(1)
	return func(q *Pairing) float64 {
		by := p.Buffer + p.Grow*max(q.Steps-1, 0)*step
		a, b := &q.Track.Box, &q.Detection.Box
		if reach := 0.5 + by; math.Abs(a.X+a.W/2-b.X-b.W/2) >= reach*(a.W+b.W) || math.Abs(a.Y+a.H/2-b.Y-b.H/2) >= reach*(a.H+b.H) {
			return never // not even the grown boxes meet
		}
		cost := 1 - grown(*a, by).IoU(grown(*b, by))*(1-p.Trust*(1-q.Detection.Score))
		if p.Looks > 0 {
			if d, known := q.Looks(); known {
				cost += p.Looks * (d - p.Alike)
			}
		}
		return cost
	}
}

// recall is the distance of embeddings of what may have moved so far.
func (p Params) recall(q *Pairing) float64 {
	a, b := q.Track.Box, q.Detection.Box
	far := p.Reach * (1 + q.Steps*frame.Seconds()) * b.H
	if math.Abs(a.X+a.W/2-b.X-b.W/2) > far || math.Abs(a.Y+a.H-b.Y-b.H) > far/2 || b.H > 1.6*a.H || a.H > 1.6*b.H {
		return math.Inf(1)
	}
	if d, known := q.Looks(); known {
		return d
	}
	return math.Inf(1)
}

// grown is a box with a part of its size more on each side.
func grown(b mot.Box, by float64) mot.Box {
	return mot.Box{X: b.X - by*b.W, Y: b.Y - by*b.H, W: b.W * (1 + 2*by), H: b.H * (1 + 2*by)}
}
