package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/track"
)

// method is one way to track a video; errSeen says that it does not apply.
type method struct {
	name string
	run  func(v video) (mot.Sequence, error)
}

// online tracks with a setting.
func online(s track.Settings) func(v video) (mot.Sequence, error) {
	return func(v video) (mot.Sequence, error) {
		out, _, err := s.Run(v.frames)
		return out, err
	}
}

// offline tracks with the whole video at hand.
func offline(o track.Offline) func(v video) (mot.Sequence, error) {
	return func(v video) (mot.Sequence, error) {
		out, _, err := o.Run(context.Background(), v.frames)
		return out, err
	}
}

// compared is each sequence by each tracker.
func compared(ctx context.Context, b *strings.Builder, s settings, videos []video, kinds []looks, networks []network) error {
	methods := []method{
		{"SORT", online(track.SORT())},
		{"ByteTrack", online(track.ByteTrack())},
		{"ours", online(track.Ours())},
		{"ours, scores by their rank", func(v video) (mot.Sequence, error) {
			frames, err := track.Frames(v.found, v.truth.Info.Rate, track.GuessScores(v.found.Rows))
			if err != nil {
				return mot.Sequence{}, err
			}
			v.frames = frames
			return online(track.Ours())(v)
		}},
		{"ours, settings best on the other sequences", func(v video) (mot.Sequence, error) { return tuned(ctx, v, videos, s.rounds) }},
		{"ours, whole video", offline(track.OfflineByMotion())},
	}
	for _, k := range kinds {
		methods = append(methods,
			method{"ours with " + k.name, k.of(online(track.Ours()))},
			method{"ours with " + k.name + ", whole video", k.of(offline(track.DefaultOffline()))})
	}
	if len(networks) > 0 {
		methods = append(methods, method{"ours with the network of pairs, whole video", networks[0].track(ctx)})
	}
	b.WriteString("| sequence | detector | tracker | MOTA | IDF1 | HOTA | FP | FN | switches |\n|---|---|---|---:|---:|---:|---:|---:|---:|\n")
	for _, v := range videos {
		for _, m := range methods {
			r, err := v.result(m)
			if errors.Is(err, errSeen) {
				continue
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "| %s | %s | %s | %.3f | %.3f | %.3f | %d | %d | %d |\n", v.name, v.detector, m.name, r.MOTA, r.IDF1, r.HOTA, r.FP, r.FN, r.IDSW)
		}
	}
	b.WriteString("\n")
	return ctx.Err()
}

func (v video) result(m method) (tracking.Result, error) {
	out, err := m.run(v)
	if err != nil {
		return tracking.Result{}, fmt.Errorf("%s on %s: %w", m.name, v.name, err)
	}
	c, err := v.judge(out)
	return c.Result(), err
}

// tuned tracks with the settings that are best on the other sequences of the same detector.
func tuned(ctx context.Context, v video, videos []video, rounds int) (mot.Sequence, error) {
	var others []track.Video
	for _, o := range videos {
		if o.detector == v.detector && o.name != v.name {
			frames, err := track.Frames(o.found, o.truth.Info.Rate, track.Scores{})
			if err != nil {
				return mot.Sequence{}, err
			}
			others = append(others, track.Video{Truth: o.truth, Frames: frames})
		}
	}
	best, err := track.Tune(ctx, others, track.TuneOptions{Rounds: rounds, Seed: 1})
	if err != nil {
		return mot.Sequence{}, err
	}
	return online(best.Params.Settings())(v)
}

// still is our tracker without motion: an object is looked for where it was.
func still() track.Settings {
	s := track.Ours()
	s.Motion.Measure, s.Motion.Position = [4]float64{1e-3, 1e-3, 1e-3, 1e-3}, [4]float64{1, 1, 1, 1}
	s.Motion.Velocity, s.Motion.Speed = [4]float64{}, [4]float64{}
	s.Reupdate = false
	return s
}

// ablation is the sums over all sequences and detectors of what each part is worth, online and with the whole video, each with the same numbers.
func ablation(b *strings.Builder, videos []video, kinds []looks) error {
	stay := track.DefaultOffline()
	stay.Speed = 0
	methods := []method{{"overlap only", online(still())}, {"and motion", online(track.Ours())}}
	whole := []method{{"whole video: overlap only", offline(stay)}, {"and motion", offline(track.DefaultOffline())}}
	for _, k := range kinds {
		if len(k.videos) == len(videos) {
			methods = append(methods, method{"and " + k.name, k.of(online(track.Ours()))})
			whole = append(whole, method{"and " + k.name, k.of(offline(track.DefaultOffline()))})
		}
	}
	methods = append(methods, whole...)
	b.WriteString("| pairs by | switches of each | total | MOTA | IDF1 | HOTA |\n|---|---|---:|---:|---:|---:|\n")
	for _, m := range methods {
		r, each, err := total(videos, m)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| %s | %s | %d | %.3f | %.3f | %.3f |\n", m.name, strings.Join(each, ", "), r.IDSW, r.MOTA, r.IDF1, r.HOTA)
	}
	b.WriteString("\n")
	return nil
}

// total is what a method reaches on all videos together, and its switches on each.
func total(videos []video, m method) (r tracking.Result, switches []string, err error) {
	counts := map[string]tracking.Counts{}
	for _, v := range videos {
		out, err := m.run(v)
		if err != nil {
			return r, nil, err
		}
		c, err := v.judge(out)
		if err != nil {
			return r, nil, err
		}
		counts[v.key()] = c
		switches = append(switches, fmt.Sprint(c.Clear.IDSW))
	}
	return tracking.Overall(counts).Result(), switches, nil
}

// dropped is IDF1 with frames that are missing at random, judged on those that are left: by time, and by counting frames.
func dropped(b *strings.Builder, videos []video) error {
	count := track.Ours()
	count.CountFrames = true
	b.WriteString("| frames dropped | by time: IDF1 | by counting frames: IDF1 |\n|---|---:|---:|\n")
	for _, part := range []float64{0, 0.25, 0.5, 0.75} {
		var sums [2]tracking.Identity
		for seed := range uint64(5) {
			for _, v := range videos {
				if v.truth.Info.Rate != 25 {
					continue // counting takes 40 ms for a frame
				}
				less := v.without(part, seed)
				for i, s := range []track.Settings{track.Ours(), count} {
					out, err := online(s)(less)
					if err != nil {
						return err
					}
					c, err := less.judge(out)
					if err != nil {
						return err
					}
					sums[i] = sums[i].Plus(c.Identity)
				}
			}
		}
		fmt.Fprintf(b, "| %.0f %% | %.3f | %.3f |\n", 100*part, sums[0].IDF1(), sums[1].IDF1())
	}
	return nil
}

// without is the video without a part of its frames.
func (v video) without(part float64, seed uint64) video {
	rng := rand.New(rand.NewPCG(seed, 1))
	less := v
	less.frames, less.truth.Rows = nil, nil
	left := map[int]bool{}
	for _, f := range v.frames {
		if rng.Float64() >= part {
			less.frames = append(less.frames, f)
			left[f.Number] = true
		}
	}
	for _, r := range v.truth.Rows {
		if left[r.Frame] {
			less.truth.Rows = append(less.truth.Rows, r)
		}
	}
	return less
}
