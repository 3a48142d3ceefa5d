package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/track"
	"github.com/spf13/cobra"
)

// trackFlags are the flags of siam track.
type trackFlags struct {
	seq, det, out, format, tracker, settings string
	model, render, report                    string
	offline, camera                          bool
	rate                                     float64
	most                                     int
}

// trackers are the trackers by name, ours first.
var trackers = []struct {
	name string
	make func() track.Settings
}{{"ours", track.Ours}, {"sort", track.SORT}, {"bytetrack", track.ByteTrack}, {"deepsort", track.DeepSORT}}

func (a *app) trackCommand() *cobra.Command {
	f := trackFlags{}
	cmd := &cobra.Command{
		Use:   "track [--seq DIR] [--det FILE] --out FILE",
		Short: "follow objects through a video: detections in, tracks with ids out",
		Long: `Pairs the detections of each frame with the tracks there are. A sequence is a folder as MOTChallenge has it, with det/det.txt and
seqinfo.ini; a file of detections alone does too. What a detector's scores mean is learned by siam track tune; without that, scores outside
[0, 1] are taken by their rank.

With a model, such as one that siam import made of a person re-identification network, the boxes' pictures are compared too. With --offline the
whole video is looked at before anything is said: detections become tracks at the least cost in all, and gaps are filled.`,
		Example: `  siam track --seq data/MOT15/TUD-Campus --out tracks.txt
  siam track --det detections.txt --rate 30 --tracker bytetrack --out tracks.json --format coco
  siam eval mot --gt data/MOT15/TUD-Campus --pred tracks.txt`,
		Annotations: map[string]string{runsItself: "yes"},
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.track(cmd.Context(), cmd, f) },
	}
	cmd.AddCommand(a.trackTuneCommand())
	flags := cmd.Flags()
	flags.StringVar(&f.seq, "seq", "", "`folder` of the sequence")
	flags.StringVar(&f.det, "det", "", "`file` of detections; by default det/det.txt of the sequence")
	flags.StringVar(&f.out, "out", "", "`file` to write the tracks to")
	flags.StringVar(&f.format, "format", "mot", "format of the tracks: mot, kitti, coco or jsonl, an object a line")
	flags.StringVar(&f.tracker, "tracker", "ours", "ours, sort, bytetrack or deepsort")
	flags.StringVar(&f.settings, "settings", "", "`file` that siam track tune wrote")
	addModelFlag(cmd, &f.model)
	flags.BoolVar(&f.camera, "camera-motion", false, "tell from the frames how the camera moves, and move the tracks with it")
	flags.StringVar(&f.render, "render", "", "`folder` for frames with boxes, ids and trails, or a .gif, or with ffmpeg a video (.mp4, …)")
	flags.StringVar(&f.report, "report", "", "HTML `file`: a player with the tracks, their lives, and errors where there is a truth")
	flags.BoolVar(&f.offline, "offline", false, "look at the whole video first: tracks of least cost, gaps filled, boxes smoothed")
	flags.Float64Var(&f.rate, "rate", 0, "frames a `second`; by default what the sequence says, or 25")
	flags.IntVar(&f.most, "max-identities", 0, "how many objects there are at most; 0 means any number")
	return cmd
}

// tracked is what siam track prints as JSON.
type tracked struct {
	Sequence   string        `json:"sequence"`
	Frames     int           `json:"frames"`
	Detections int           `json:"detections"`
	Boxes      int           `json:"boxes"`
	Tracks     []lifetime    `json:"tracks"`
	Skipped    track.Skipped `json:"skipped_detections"`
	NoImage    int           `json:"frames_without_image"`
	Scores     track.Scores  `json:"scores"`
	File       string        `json:"file"` // of the tracks
}

// lifetime is when a track was there.
type lifetime struct {
	ID    int     `json:"id"`
	First int     `json:"first_frame"`
	Last  int     `json:"last_frame"`
	Boxes int     `json:"boxes"`
	Stay  float64 `json:"seconds"`
}

func (a *app) track(ctx context.Context, cmd *cobra.Command, f trackFlags) error {
	if f.out == "" || f.seq == "" && f.det == "" {
		return misused(cmd, "--out is needed, and --seq or --det")
	}
	settings, scores, err := f.tracking()
	if err != nil {
		return err
	}
	for _, file := range []string{f.out, f.report} {
		if err := checkOut(file); err != nil {
			return err
		}
	}
	found, err := f.detections()
	if err != nil {
		return err
	}
	if scores == nil {
		guess := track.GuessScores(found.Rows)
		scores = &guess
		if guess != (track.Scores{}) && f.tracker == "ours" {
			a.say("%s: scores outside [0, 1] are taken by their rank; siam track tune learns what they mean", found.Path)
		}
	}
	rate := f.rateOf(found.Info)
	frames, err := track.Frames(found, rate, *scores)
	if err != nil {
		return err
	}
	missing, err := a.lookAtFrames(ctx, f, frames)
	if err != nil {
		return err
	}
	run := settings.RunContext
	switch {
	case f.offline && f.model != "":
		run = track.DefaultOffline().Run
	case f.offline:
		run = track.OfflineByMotion().Run
	}
	out, skipped, err := run(ctx, frames)
	if err != nil {
		return fmt.Errorf("tracking %s: %w", found.Path, err)
	}
	skipped.Bad += len(found.Bad)
	out.Name, out.Info = found.Name, found.Info
	if err := a.writeTracks(f, out); err != nil {
		return err
	}
	if err := (pictures{app: a, flags: f, frames: frames, rate: rate, tracks: out}).show(ctx); err != nil {
		return err
	}
	result := tracked{Sequence: found.Name, Frames: len(frames), Detections: len(found.Rows) + len(found.Bad), Boxes: len(out.Rows), Tracks: lifetimes(out.Rows, rate),
		Skipped: skipped, NoImage: missing, Scores: *scores, File: f.out}
	if skipped.Bad > 0 {
		a.say("%s: %d detections skipped that are no boxes, or whose numbers are not finite", found.Path, skipped.Bad)
	}
	return a.print(result, fmt.Sprintf("%s: %d tracks in %d frames, %d boxes of %d detections; written to %s\n", found.Name, len(result.Tracks), result.Frames, result.Boxes,
		result.Detections, f.out))
}

// tracking is the tracker that was asked for, and the map of scores if a file gives one.
func (f trackFlags) tracking() (track.Settings, *track.Scores, error) {
	var names []string
	at := -1
	for i, t := range trackers {
		names = append(names, t.name)
		if t.name == f.tracker {
			at = i
		}
	}
	switch {
	case at < 0:
		return track.Settings{}, nil, usagef("--tracker %s: want one of %s", f.tracker, strings.Join(names, ", "))
	case !slices.Contains(append(mot.Formats, "jsonl"), f.format):
		return track.Settings{}, nil, usagef("--format %s: want one of %s, jsonl", f.format, strings.Join(mot.Formats, ", "))
	case f.rate < 0 || f.most < 0:
		return track.Settings{}, nil, usagef("--rate and --max-identities cannot be below 0")
	case f.settings != "" && f.tracker != "ours":
		return track.Settings{}, nil, usagef("--settings are for the tracker ours, not for %s", f.tracker)
	}
	settings := trackers[at].make()
	var scores *track.Scores
	if f.settings != "" {
		tuned, err := track.ReadTuned(f.settings)
		if err != nil {
			return settings, nil, err
		}
		settings, scores = tuned.Params.Settings(), &tuned.Scores
	}
	if f.offline && (f.tracker != "ours" || f.most > 0) {
		return settings, nil, usagef("--offline goes with no --tracker and no --max-identities")
	}
	if f.render != "" && f.seq == "" {
		return settings, nil, usagef("--render needs --seq, the folder with the frames' images")
	}
	if f.camera && (f.seq == "" || f.offline) {
		return settings, nil, usagef("--camera-motion needs --seq, the folder with the frames' images, and goes with no --offline")
	}
	if f.model != "" && f.seq == "" {
		return settings, nil, usagef("--model needs --seq, the folder with the frames' images")
	}
	settings.MaxIdentities = f.most
	return settings, scores, nil
}

// detections reads the file of detections, and what is known of the sequence.
func (f trackFlags) detections() (mot.Sequence, error) {
	from := f.det
	if from == "" {
		from = f.seq
	}
	all, err := mot.Read(from, mot.Detections)
	if err != nil {
		return mot.Sequence{}, err
	}
	if len(all) != 1 {
		return mot.Sequence{}, fmt.Errorf("%s holds detections of %d sequences: name one of them", from, len(all))
	}
	found := all[0]
	if f.seq != "" && f.det != "" {
		if found.Info, err = mot.ReadInfo(os.DirFS(f.seq), "seqinfo.ini"); err != nil && !os.IsNotExist(err) {
			return found, fmt.Errorf("read %s/seqinfo.ini: %w", f.seq, err)
		}
	}
	return found, found.CheckFits()
}

func (f trackFlags) rateOf(info mot.Info) float64 {
	switch {
	case f.rate > 0:
		return f.rate
	case info.Rate > 0:
		return info.Rate
	}
	return 25
}

func (a *app) writeTracks(f trackFlags, out mot.Sequence) error {
	if f.format != "jsonl" {
		content, err := mot.Format(out, f.format)
		if err != nil {
			return err
		}
		return a.writeOut(f.out, content)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	for _, r := range out.Rows {
		line := struct {
			Frame int        `json:"frame"`
			ID    int        `json:"id"`
			Box   [4]float64 `json:"box"` // left, top, width, height
			Score float64    `json:"score"`
		}{r.Frame, r.ID, [4]float64{r.Box.X, r.Box.Y, r.Box.W, r.Box.H}, r.Score}
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("writing %s: %w", f.out, err)
		}
	}
	return a.writeOut(f.out, []byte(b.String()))
}

func lifetimes(rows []mot.Row, rate float64) []lifetime {
	all := []lifetime{}
	at := map[int]int{}
	for _, r := range rows {
		i, known := at[r.ID]
		if !known {
			i = len(all)
			at[r.ID] = i
			all = append(all, lifetime{ID: r.ID, First: r.Frame})
		}
		all[i].Last = r.Frame
		all[i].Boxes++
		all[i].Stay = (time.Duration(float64(r.Frame-all[i].First+1) / rate * float64(time.Second))).Seconds()
	}
	return all
}
