package track

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"

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
	most, err := merit(mapped, best.Params)
	if err != nil {
		return best, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	for range o.Rounds {
		if err := ctx.Err(); err != nil {
			return best, err
		}
		p := best.Params.changed(rng)
		value, err := merit(mapped, p)
		if err != nil {
			return best, err
		}
		if value > most {
			best.Params, most = p, value
		}
	}
	return best, nil
}

func merit(videos []Video, p Params) (sum float64, err error) {
	for _, v := range videos {
		j, err := v.Judge(p.Settings(), Scores{})
		if err != nil {
			return 0, fmt.Errorf("tuning on %s: %w", v.Truth.Name, err)
		}
		sum += (j.MOTA + j.IDF1) / 2 / float64(len(videos))
	}
	return sum, nil
}

// changed is p with one to three of its numbers changed by a third or so.
func (p Params) changed(rng *rand.Rand) Params {
	fields := reflect.ValueOf(&p).Elem()
	for range 1 + rng.IntN(3) {
		switch f := fields.Field(rng.IntN(fields.NumField())); f.Kind() {
		case reflect.Int:
			f.SetInt(max(1, f.Int()+int64(rng.IntN(3))-1))
		default:
			f.SetFloat(max(f.Float(), 0.001) * math.Exp(0.35*rng.NormFloat64()))
		}
	}
	return p
}
