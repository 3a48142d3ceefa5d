package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/track"
	"github.com/spf13/cobra"
)

// tuneFlags are the flags of siam track tune.
type tuneFlags struct {
	data, det, out string
	rounds         int
}

func (a *app) trackTuneCommand() *cobra.Command {
	f := tuneFlags{}
	cmd := &cobra.Command{
		Use:   "tune --data DIR --out FILE",
		Short: "learn what a detector's scores mean, and search the tracker's settings, from videos with truth",
		Long: `Reads sequences with truth and detections, learns the map from scores to [0, 1], and searches the numbers of the tracker. What it prints
is judged on sequences that had no part: each with the map and the settings that the others gave. What it writes is from all of them.`,
		Example: `  siam track tune --data data/MOT15 --out settings.json
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
	videos, err := f.videos()
	if err != nil {
		return err
	}
	result := tunedResult{LeftOut: []tunedVideo{}, File: f.out}
	options := track.TuneOptions{Rounds: f.rounds, Seed: a.seed}
	progress := a.newProgress("tuning", "searches", len(videos)+1)
	defer progress.close()
	for i := range videos {
		if len(videos) == 1 {
			break
		}
		others := append(append([]track.Video(nil), videos[:i]...), videos[i+1:]...)
		one, err := leftOut(ctx, videos[i], others, options)
		if err != nil {
			return err
		}
		result.LeftOut = append(result.LeftOut, one)
		progress.add(1)
	}
	if result.Settings, err = track.Tune(ctx, videos, options); err != nil {
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

// videos reads the sequences that have both truth and detections.
func (f tuneFlags) videos() (videos []track.Video, err error) {
	truth, err := mot.Read(f.data, mot.Truth)
	if err != nil {
		return nil, err
	}
	from := f.det
	if from == "" {
		from = f.data
	}
	found, err := mot.Read(from, mot.Detections)
	if err != nil {
		return nil, err
	}
	pairs, err := mot.Pairs(truth, found, nil)
	if err != nil {
		return nil, fmt.Errorf("tuning on %s with the detections of %s: %w", f.data, from, err)
	}
	for _, p := range pairs {
		p.Tracks.Info = p.Truth.Info
		frames, err := track.Frames(p.Tracks, trackFlags{}.rateOf(p.Truth.Info), track.Scores{})
		if err != nil {
			return nil, err
		}
		videos = append(videos, track.Video{Truth: p.Truth, Frames: frames})
	}
	return videos, nil
}

func leftOut(ctx context.Context, v track.Video, others []track.Video, o track.TuneOptions) (one tunedVideo, err error) {
	tuned, err := track.Tune(ctx, others, o)
	if err != nil {
		return one, err
	}
	plain, err := v.Judge(track.Ours(), tuned.Scores)
	if err != nil {
		return one, err
	}
	best, err := v.Judge(tuned.Params.Settings(), tuned.Scores)
	if err != nil {
		return one, err
	}
	figures := func(j track.Judged) tunedFigures { return tunedFigures{j.MOTA, j.IDF1, j.Switches} }
	return tunedVideo{v.Truth.Name, figures(plain), figures(best)}, nil
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
