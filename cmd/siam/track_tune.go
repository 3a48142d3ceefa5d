package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/track"
	"github.com/spf13/cobra"
)

// tuneFlags are the flags of siam track tune.
type tuneFlags struct {
	data, det, out, model string
	offline               bool
	rounds                int
}

func (a *app) trackTuneCommand() *cobra.Command {
	f := tuneFlags{}
	cmd := &cobra.Command{
		Use:   "tune --data DIR --out FILE",
		Short: "learn what a detector's scores mean, and search the tracker's settings, from videos with truth",
		Long: `Reads sequences with truth and detections, learns the map from scores to [0, 1], and searches the numbers of the tracker. What it prints
is judged on sequences that had no part: each with the map and the settings that the others gave. What it writes is from all of them.
With a model the boxes are looked at once, before the search; with --offline the numbers of siam track --offline are searched.`,
		Example: `  siam track tune --data data/MOT15 --out settings.json
  siam track tune --data data/MOT15 --offline --model reid.safetensors --out whole.json
  siam track --seq data/MOT15/TUD-Campus --settings settings.json --out tracks.txt`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.data == "" || f.out == "" {
				return misused(cmd, "--data and --out are needed")
			}
			if f.rounds < 0 {
				return usagef("--rounds cannot be below 0")
			}
			return a.trackTune(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "`folder` of sequences with gt/gt.txt")
	flags.StringVar(&f.det, "det", "", "`folder` of their detections, when they are elsewhere")
	flags.StringVar(&f.out, "out", "", "`file` to write the settings to")
	flags.BoolVar(&f.offline, "offline", false, "search the numbers of siam track --offline")
	addModelFlag(cmd, &f.model)
	flags.IntVar(&f.rounds, "rounds", 300, "settings to try; 0 learns the map of scores only")
	return cmd
}

// tunedVideo is how the settings of the other sequences do on one.
type tunedVideo struct {
	Sequence string       `json:"sequence"`
	Default  tunedFigures `json:"default"` // default settings with the map of scores that the others gave
	Tuned    tunedFigures `json:"tuned"`   // and their settings
}

type tunedFigures struct {
	MOTA float64 `json:"mota"`
	IDF1 float64 `json:"idf1"`
	IDSW int     `json:"idsw"`
}

type tunedResult struct {
	LeftOut  []tunedVideo `json:"left_out"`
	Settings track.Tuned  `json:"settings"`
	File     string       `json:"file"` // of the settings
}

func (a *app) trackTune(ctx context.Context, f tuneFlags) error {
	if err := checkOut(f.out); err != nil {
		return err
	}
	videos, closeAll, err := a.tuningVideos(ctx, f)
	if err != nil {
		return err
	}
	defer closeAll()
	if len(videos) == 1 {
		a.say("note: %s is one sequence: none is left out to judge the settings by", f.data)
	}
	search := f.search(videos)
	result := tunedResult{LeftOut: []tunedVideo{}, File: f.out}
	options := track.TuneOptions{Rounds: f.rounds, Seed: a.seed}
	progress := a.newProgress("tuning", "searches", len(videos)+1)
	defer progress.close()
	for i := range videos {
		if len(videos) == 1 {
			break
		}
		others := append(append([]track.Video(nil), videos[:i]...), videos[i+1:]...)
		one, err := search.leftOut(ctx, videos[i], others, options)
		if err != nil {
			return err
		}
		result.LeftOut = append(result.LeftOut, one)
		progress.add(1)
	}
	if result.Settings, err = search.tune(ctx, videos, options); err != nil {
		return fmt.Errorf("tuning on %s: %w", f.data, err)
	}
	content, err := json.MarshalIndent(result.Settings, "", "  ")
	if err != nil {
		return err
	}
	if err := a.writeOut(f.out, append(content, '\n')); err != nil {
		return err
	}
	return a.print(result, tunedText(result))
}

// tuningVideos reads the sequences that have both truth and detections, and looks at their boxes with the model, if there is one. What it returns besides
// closes the model.
func (a *app) tuningVideos(ctx context.Context, f tuneFlags) (videos []track.Video, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, c := range closers {
			c()
		}
	}
	pairs, err := f.pairs()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range pairs {
		p.Tracks.Info = p.Truth.Info
		one := trackFlags{seq: filepath.Dir(filepath.Dir(p.Truth.Path)), model: f.model, offline: f.offline}
		v := trackedVideo{found: p.Tracks, rate: one.rateOf(p.Truth.Info)}
		if v.frames, err = track.Frames(v.found, v.rate, track.Scores{}); err != nil {
			closeAll()
			return nil, nil, err
		}
		view, closeView, err := a.lookToTune(ctx, one, &v)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		closers = append(closers, closeView)
		videos = append(videos, track.Video{Truth: p.Truth, Frames: v.frames, Compare: view.compare()})
	}
	return videos, closeAll, nil
}

// lookToTune looks at the boxes of a video with the model; without one it does nothing.
func (a *app) lookToTune(ctx context.Context, f trackFlags, v *trackedVideo) (*viewer, func(), error) {
	if f.model == "" {
		return &viewer{}, func() {}, nil
	}
	images, err := mot.OpenImages(f.seq)
	if err != nil {
		return nil, nil, err
	}
	images = images.For(v.found)
	v.images = &images
	return a.viewFrames(ctx, f, track.Ours(), v)
}

// pairs are the sequences that have both truth and detections.
func (f tuneFlags) pairs() ([]mot.Pair, error) {
	truth, err := mot.Read(f.data, mot.Truth)
	if err != nil {
		return nil, err
	}
	from := cmp.Or(f.det, f.data)
	found, err := mot.Read(from, mot.Detections)
	if err != nil {
		return nil, err
	}
	pairs, err := mot.Pairs(truth, found, nil)
	if err != nil {
		return nil, fmt.Errorf("tuning on %s with the detections of %s: %w", f.data, from, err)
	}
	return pairs, nil
}

// tuning searches settings, online or of the whole video, and judges them.
type tuning struct {
	from *track.Offline // where the search of the whole video begins; nil online
}

func (f tuneFlags) search(videos []track.Video) tuning {
	if !f.offline {
		return tuning{}
	}
	from := trackFlags{model: f.model}.whole(len(videos) > 0 && videos[0].Compare != nil)
	return tuning{&from}
}

func (t tuning) tune(ctx context.Context, videos []track.Video, o track.TuneOptions) (track.Tuned, error) {
	if t.from != nil {
		return track.TuneOffline(ctx, videos, *t.from, o)
	}
	return track.Tune(ctx, videos, o)
}

// leftOut tunes on the other videos, and judges what came of it on one.
func (t tuning) leftOut(ctx context.Context, v track.Video, others []track.Video, o track.TuneOptions) (one tunedVideo, err error) {
	tuned, err := t.tune(ctx, others, o)
	if err != nil {
		return one, err
	}
	judge := func(s track.Params, whole *track.Offline) (tunedFigures, error) {
		var j track.Judged
		var err error
		if whole != nil {
			j, err = v.JudgeOffline(ctx, *whole, tuned.Scores)
		} else {
			j, err = v.Judge(s.Settings(), tuned.Scores)
		}
		return tunedFigures{j.MOTA, j.IDF1, j.Switches}, err
	}
	one.Sequence = v.Truth.Name
	if one.Default, err = judge(track.Default(), t.from); err != nil {
		return one, err
	}
	one.Tuned, err = judge(tuned.Params, tuned.Offline)
	return one, err
}

func tunedText(r tunedResult) string {
	var b strings.Builder
	for _, v := range r.LeftOut {
		fmt.Fprintf(&b, "%-20s default MOTA %5.1f IDF1 %5.1f IDs %3d   settings of the others MOTA %5.1f IDF1 %5.1f IDs %3d\n", v.Sequence,
			100*v.Default.MOTA, 100*v.Default.IDF1, v.Default.IDSW, 100*v.Tuned.MOTA, 100*v.Tuned.IDF1, v.Tuned.IDSW)
	}
	s := r.Settings.Scores
	fmt.Fprintf(&b, "a score s means 1/(1 + exp(-(%.4g·s %+.4g))); settings written to %s\n", s.Slope, s.Offset, r.File)
	return b.String()
}
