package track

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
)

// Video is a sequence with its truth and a detector's boxes. Frames are those of [Frames] with scores as the detector gives them, embedded or not.
type Video struct {
	Truth  mot.Sequence
	Frames []Frame
}

// Judged is how well a setting does on a video.
type Judged struct {
	MOTA, IDF1 float64
	Switches   int
}

// Judge tracks a video and compares with its truth.
func (v Video) Judge(s Settings, scores Scores) (Judged, error) {
	out, _, err := s.Run(v.with(scores))
	if err != nil {
		return Judged{}, err
	}
	compared, err := tracking.Compare(mot.Pair{Truth: v.Truth, Tracks: out}, tracking.InferRules(v.Truth, ""))
	if err != nil {
		return Judged{}, err
	}
	c := tracking.CountClear(compared.Events())
	return Judged{c.MOTA(), compared.CountIdentity().IDF1(), c.IDSW}, nil
}

// with is the frames with mapped scores.
func (v Video) with(scores Scores) []Frame {
	frames := make([]Frame, len(v.Frames))
	for i, f := range v.Frames {
		frames[i] = f
		frames[i].Detections = append([]Detection(nil), f.Detections...)
		for k := range frames[i].Detections {
			frames[i].Detections[k].Score = scores.Of(frames[i].Detections[k].Score)
		}
	}
	return frames
}

// LearnScores learns what a detector's scores mean from videos with truth.
func LearnScores(videos []Video) Scores {
	var scores []float64
	var right []bool
	for _, v := range videos {
		rows := mot.Sequence{}
		for _, f := range v.Frames {
			for _, d := range f.Detections {
				rows.Rows = append(rows.Rows, mot.Row{Frame: f.Number, ID: -1, Box: d.Box, Score: d.Score})
			}
		}
		for _, l := range tracking.LabelDetections(v.Truth, rows) {
			scores, right = append(scores, l.Score), append(right, l.Right)
		}
	}
	return FitScores(scores, right)
}

// TuneOptions say how long to search.
type TuneOptions struct {
	Rounds int // settings tried
	Seed   uint64
}

// Tune searches numbers that do best on videos, by the mean of MOTA and IDF1, from [Default] on: each round changes one to three of the best so far.
func Tune(ctx context.Context, videos []Video, o TuneOptions) (Tuned, error) {
	best := Tuned{Params: Default(), Scores: LearnScores(videos)}
	mapped := make([]Video, len(videos))
	for i, v := range videos {
		mapped[i] = Video{v.Truth, v.with(best.Scores)}
	}
	most, err := merits(mapped, best.Params)
	if err != nil {
		return best, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	for range o.Rounds {
		if err := ctx.Err(); err != nil {
			return best, err
		}
		p := best.Params.changed(rng)
		values, err := merits(mapped, p)
		if err != nil {
			return best, err
		}
		if better(values, most) {
			best.Params, most = p, values
		}
	}
	return best, nil
}

// merits are the means of MOTA and IDF1 of each video.
func merits(videos []Video, p Params) (values []float64, err error) {
	for _, v := range videos {
		j, err := v.Judge(p.Settings(), Scores{})
		if err != nil {
			return nil, fmt.Errorf("tuning on %s: %w", v.Truth.Name, err)
		}
		values = append(values, (j.MOTA+j.IDF1)/2)
	}
	return values, nil
}

// better reports whether some video gains and none loses: what helps one at the cost of another is of that one only.
func better(values, than []float64) bool {
	gains := false
	for i, v := range values {
		if v < than[i] {
			return false
		}
		gains = gains || v > than[i]
	}
	return gains
}

// knobs are the numbers that a search changes. A few videos tell no more than these: with all, what is best on two is far off on a third.
var knobs = []func(p *Params) *float64{
	func(p *Params) *float64 { return &p.High },
	func(p *Params) *float64 { return &p.Low },
	func(p *Params) *float64 { return &p.Sum },
	func(p *Params) *float64 { return &p.Lost },
	func(p *Params) *float64 { return &p.Coast },
}

// changed is p with one or two of its knobs changed by a fifth or so.
func (p Params) changed(rng *rand.Rand) Params {
	for range 1 + rng.IntN(2) {
		knob := knobs[rng.IntN(len(knobs))](&p)
		*knob = max(*knob, 0.001) * math.Exp(0.2*rng.NormFloat64())
	}
	return p
}
