package track

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
)

// Video is a sequence with its truth and a detector's boxes. Frames are those of [Frames] with scores as the detector gives them, embedded or not.
type Video struct {
	Truth   mot.Sequence
	Frames  []Frame
	Compare Compare // compares detections as pairs, for [TuneOffline]; nil compares embeddings
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
	return v.judged(out)
}

// JudgeOffline is [Video.Judge] with the whole video at hand.
func (v Video) JudgeOffline(ctx context.Context, o Offline, scores Scores) (Judged, error) {
	out, _, err := o.RunPairs(ctx, v.with(scores), v.Compare)
	if err != nil {
		return Judged{}, err
	}
	return v.judged(out)
}

func (v Video) judged(out mot.Sequence) (Judged, error) {
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

// Tune searches numbers that do best on videos, by the mean of MOTA and IDF1, from [Default] on: each round changes one or two of the best so far.
func Tune(ctx context.Context, videos []Video, o TuneOptions) (t Tuned, err error) {
	t.Scores = LearnScores(videos)
	t.Params, err = search(ctx, o, Default(), knobs, mapped(videos, t.Scores), func(v Video, p Params) (Judged, error) {
		return v.Judge(p.Settings(), Scores{})
	})
	return t, err
}

// TuneOffline is [Tune] for tracking with the whole video at hand, from numbers such as [DefaultOffline] on.
func TuneOffline(ctx context.Context, videos []Video, from Offline, o TuneOptions) (Tuned, error) {
	t := Tuned{Params: Default(), Scores: LearnScores(videos)}
	best, err := search(ctx, o, from, offlineKnobs, mapped(videos, t.Scores), func(v Video, p Offline) (Judged, error) {
		return v.JudgeOffline(ctx, p, Scores{})
	})
	t.Offline = &best
	return t, err
}

// mapped are videos whose scores are probabilities.
func mapped(videos []Video, scores Scores) []Video {
	all := slices.Clone(videos)
	for i, v := range videos {
		all[i].Frames = v.with(scores)
	}
	return all
}

// search changes the best numbers so far by their knobs, round by round, and keeps what some video gains by and none loses by.
func search[P any](ctx context.Context, o TuneOptions, best P, knobs []func(*P) *float64, videos []Video, judge func(Video, P) (Judged, error)) (P, error) {
	merits := func(p P) (values []float64, err error) {
		for _, v := range videos {
			j, err := judge(v, p)
			if err != nil {
				return nil, fmt.Errorf("tuning on %s: %w", v.Truth.Name, err)
			}
			values = append(values, (j.MOTA+j.IDF1)/2)
		}
		return values, nil
	}
	most, err := merits(best)
	if err != nil {
		return best, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	for range o.Rounds {
		if err := ctx.Err(); err != nil {
			return best, err
		}
		p := changed(best, knobs, rng)
		values, err := merits(p)
		if err != nil {
			return best, err
		}
		if better(values, most) {
			best, most = p, values
		}
	}
	return best, nil
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

// offlineKnobs are those of tracking with the whole video at hand.
var offlineKnobs = []func(o *Offline) *float64{
	func(o *Offline) *float64 { return &o.Believe },
	func(o *Offline) *float64 { return &o.Enter },
	func(o *Offline) *float64 { return &o.Join },
	func(o *Offline) *float64 { return &o.Far },
	func(o *Offline) *float64 { return &o.Sum },
}

// changed is p with one or two of its knobs changed by a fifth or so.
func changed[P any](p P, knobs []func(*P) *float64, rng *rand.Rand) P {
	for range 1 + rng.IntN(2) {
		knob := knobs[rng.IntN(len(knobs))](&p)
		*knob = max(*knob, 0.001) * math.Exp(0.2*rng.NormFloat64())
	}
	return p
}
