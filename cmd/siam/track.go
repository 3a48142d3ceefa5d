package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
	offline, camera, blobs                   bool
	gallery, detector                        string
	name                                     string // of a sequence whose frames come from a video
	lines, zones, cameras                    []string
	rate                                     float64
	most                                     int

	tuned *track.Offline // numbers of the whole video that --settings gives; nil for the default
}

// The rates that a video may have, in frames a second.
const leastRate, mostRate = 0.001, 1e6

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
	flags.StringVar(&f.seq, "seq", "", "`folder` of the sequence, of its frames, or a video that ffmpeg reads")
	flags.StringVar(&f.det, "det", "", "`file` of detections; by default det/det.txt of the sequence")
	flags.StringVar(&f.detector, "detector", "", "find people in the frames with this YOLOX network, an ONNX `file`, in place of --det")
	flags.BoolVar(&f.blobs, "blobs", false, "without a detector: what differs from the background, before a camera that stands still")
	flags.StringVar(&f.out, "out", "", "`file` to write the tracks to")
	flags.StringVar(&f.format, "format", "mot", "format of the tracks: mot, kitti, coco or jsonl, an object a line")
	flags.StringVar(&f.tracker, "tracker", "ours", "ours, sort, bytetrack or deepsort")
	flags.StringVar(&f.settings, "settings", "", "`file` that siam track tune wrote")
	addModelFlag(cmd, &f.model)
	flags.StringVar(&f.gallery, "gallery", "", "name each track by a gallery of the model, such as sqlite:gate.db, or sqlite:gate.db#staff for its gallery staff: an `address`")
	flags.StringSliceVar(&f.cameras, "cameras", nil, "more `sequences`, of other cameras, with commas between: who looks the same by the model has one id in all; --out is a folder")
	flags.BoolVar(&f.camera, "camera-motion", false, "tell from the frames how the camera moves, and move the tracks with it")
	flags.StringVar(&f.render, "render", "", "`folder` for frames with boxes, ids and trails, or a .gif, or with ffmpeg a video (.mp4, …)")
	flags.StringVar(&f.report, "report", "", "HTML `file`: a player with the tracks, their lives, what each pair cost, and errors where there is a truth")
	flags.BoolVar(&f.offline, "offline", false, "look at the whole video first: tracks of least cost, gaps filled, boxes smoothed")
	flags.StringArrayVar(&f.lines, "line", nil, "count who crosses a line: `NAME=X,Y,X,Y`, forward is from its left to its right (repeatable)")
	flags.StringArrayVar(&f.zones, "zone", nil, "tell who was in a part of the picture, and for how long: `NAME=X,Y,X,Y,X,Y` (repeatable)")
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

	Lines []track.Crossings `json:"lines,omitempty"` // of --line
	Zones []track.Visits    `json:"zones,omitempty"` // of --zone
}

// lifetime is when a track was there.
type lifetime struct {
	ID    int     `json:"id"`
	First int     `json:"first_frame"`
	Last  int     `json:"last_frame"`
	Boxes int     `json:"boxes"`
	Stay  float64 `json:"seconds"`

	Identity *named `json:"identity,omitempty"` // with --gallery, where there was something to look at
}

func (a *app) track(ctx context.Context, cmd *cobra.Command, f trackFlags) error {
	if f.out == "" || f.seq == "" && f.det == "" {
		return misused(cmd, "--out is needed, and --seq or --det")
	}
	settings, scores, err := f.tracking()
	if err != nil {
		return err
	}
	count, err := f.counting()
	if err != nil {
		return err
	}
	if len(f.cameras) > 0 {
		return a.trackCameras(ctx, f, settings, scores, count)
	}
	if err := f.checkOuts(); err != nil {
		return err
	}
	one, err := a.follow(ctx, f, settings, scores)
	if err != nil {
		return err
	}
	defer one.close()
	if err := a.writeTracks(one.flags, one.tracks); err != nil {
		return err
	}
	drawn := pictures{app: a, flags: one.flags, frames: one.video.frames, rate: one.video.rate, tracks: one.tracks, images: one.video.images, settings: settings,
		compare: one.view.compare(), damaged: map[int]bool{}}
	if err := drawn.show(ctx); err != nil {
		return err
	}
	result, err := a.tell(ctx, one, count)
	if err != nil {
		return err
	}
	return a.print(result, result.text())
}

// followed is a sequence that was tracked.
type followed struct {
	flags   trackFlags
	video   trackedVideo
	tracks  mot.Sequence
	skipped track.Skipped
	view    *viewer
	close   func()
}

// follow tracks a sequence.
func (a *app) follow(ctx context.Context, f trackFlags, settings track.Settings, scores *track.Scores) (one followed, err error) {
	video, remove, err := a.openVideo(ctx, &f)
	if err != nil {
		return one, err
	}
	one.flags, one.close = f, remove
	defer func() {
		if err != nil {
			one.close()
		}
	}()
	if one.video, err = a.readTracked(f, video, scores); err != nil {
		return one, err
	}
	view, closeView, err := a.viewFrames(ctx, f, settings, &one.video)
	if err != nil {
		return one, err
	}
	one.view, one.close = view, func() { closeView(); remove() }
	v := one.video
	if one.tracks, one.skipped, err = f.runner(settings, view.compare())(ctx, v.frames); err != nil {
		return one, fmt.Errorf("tracking %s: %w", v.found.Path, err)
	}
	one.skipped.Bad += len(v.found.Bad)
	one.tracks.Name, one.tracks.Info = v.found.Name, v.found.Info
	if one.skipped.Bad > 0 {
		a.say("%s: %d detections skipped that are no boxes, or whose numbers are not finite", v.found.Path, one.skipped.Bad)
	}
	return one, nil
}

// tell is what there is to say of a sequence that was tracked.
func (a *app) tell(ctx context.Context, one followed, count placesCounted) (tracked, error) {
	v, rows := one.video, one.tracks.Rows
	t := tracked{Sequence: one.tracks.Name, Frames: len(v.frames), Detections: v.detections(), Boxes: len(rows), Tracks: lifetimes(rows, v.rate),
		Skipped: one.skipped, NoImage: one.view.missing, Scores: v.scores, File: one.flags.out}
	err := a.nameTracks(ctx, one.flags, one.view, v.frames, rows, t.Tracks)
	t.Lines, t.Zones = count.of(rows, v.rate)
	return t, err
}

func (t tracked) text() string {
	return fmt.Sprintf("%s: %d tracks in %d frames, %d boxes of %d detections; written to %s\n", t.Sequence, len(t.Tracks), t.Frames, t.Boxes, t.Detections, t.File) +
		nameText(t.Tracks) + countText(t.Lines, t.Zones)
}

// runner is what tracks a video.
func (f trackFlags) runner(s track.Settings, compare track.Compare) func(context.Context, []track.Frame) (mot.Sequence, track.Skipped, error) {
	switch {
	case compare != nil:
		return func(ctx context.Context, frames []track.Frame) (mot.Sequence, track.Skipped, error) {
			return f.whole(true).RunPairs(ctx, frames, compare)
		}
	case f.offline:
		return f.whole(false).Run
	}
	return s.RunContext
}

// whole are the numbers of tracking with the whole video at hand; pairs says that the model compares pairs.
func (f trackFlags) whole(pairs bool) track.Offline {
	switch {
	case f.tuned != nil:
		return *f.tuned
	case pairs:
		return track.OfflineByPairs()
	case f.model != "":
		return track.DefaultOffline()
	}
	return track.OfflineByMotion()
}

// checkOuts finds files that cannot be written, that would replace what is read, or each other.
func (f trackFlags) checkOuts() error {
	outs := []string{f.out, f.report, f.render}
	for i, file := range outs {
		if file == "" {
			continue
		}
		if slices.ContainsFunc(f.ins(), func(in string) bool { return sameFile(file, in) }) || file != f.render && f.isFrame(file) {
			return fmt.Errorf("cannot write %s: it is what is read; name another", file)
		}
		if slices.ContainsFunc(outs[:i], func(other string) bool { return other != "" && filepath.Clean(other) == filepath.Clean(file) }) {
			return usagef("%s is to be written twice: name two files", file)
		}
		if file != f.render {
			if err := checkOut(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// ins are the files and folders that may be read.
func (f trackFlags) ins() []string {
	ins := []string{f.det, f.model, f.settings, f.detector, f.seq}
	if f.seq != "" {
		for _, name := range []string{"det/det.txt", "gt/gt.txt", "seqinfo.ini", "img1"} {
			ins = append(ins, filepath.Join(f.seq, name))
		}
		if images, err := mot.OpenImages(f.seq); err == nil {
			ins = append(ins, images.Dir)
		}
	}
	if _, file, _ := strings.Cut(f.gallery, ":"); file != "" {
		file, _, _ = strings.Cut(file, "#")
		ins = append(ins, file)
	}
	return ins
}

// isFrame reports whether a file that is there stands among the frames.
func (f trackFlags) isFrame(file string) bool {
	images, err := mot.OpenImages(f.seq)
	_, missing := os.Stat(file)
	return f.seq != "" && err == nil && missing == nil && sameFile(filepath.Dir(file), images.Dir)
}

// sameFile reports whether two names are of one file or folder that is there.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// trackedVideo is what is tracked.
type trackedVideo struct {
	found  mot.Sequence // detections, where they are given
	images *mot.Images  // nil where there are none
	rate   float64
	scores track.Scores
	frames []track.Frame
}

// detections is how many there are.
func (v trackedVideo) detections() int {
	n := len(v.found.Bad)
	for _, f := range v.frames {
		n += len(f.Detections)
	}
	return n
}

// when is the time of a frame.
func (v trackedVideo) when(number int) time.Duration {
	return v.frames[number-v.frames[0].Number].At
}

// readTracked reads the detections, where they are given, and lists the frames' images. Without a map of scores it guesses one.
func (a *app) readTracked(f trackFlags, video mot.Info, scores *track.Scores) (v trackedVideo, err error) {
	var images mot.Images
	if f.seq != "" {
		images, err = mot.OpenImages(f.seq)
		if err == nil {
			v.images = &images
		} else if f.finds() {
			return v, err
		}
	}
	missing := err
	if f.finds() {
		images = images.For(mot.Sequence{})
		v.found, err = f.unseen(video, images)
	} else {
		v.found, err = a.detections(f, video)
		images = images.For(v.found)
	}
	if err != nil {
		return v, err
	}
	if missing != nil && (f.model != "" || f.camera || f.render != "") {
		return v, missing
	}
	if scores == nil {
		guess := track.GuessScores(v.found.Rows)
		scores = &guess
		if guess != (track.Scores{}) && f.tracker == "ours" {
			a.say("%s: scores outside [0, 1] are taken by their rank; siam track tune learns what they mean", v.found.Path)
		}
	}
	v.scores, v.rate = *scores, f.rateOf(v.found.Info)
	v.frames, err = track.Frames(v.found, v.rate, v.scores)
	return v, err
}

// tracking is the tracker that was asked for, and the map of scores if a file gives one.
func (f *trackFlags) tracking() (track.Settings, *track.Scores, error) {
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
	case f.rate != 0 && !(f.rate >= leastRate && f.rate <= mostRate):
		return track.Settings{}, nil, usagef("--rate %g: want %g to %g frames a second", f.rate, leastRate, mostRate)
	case f.most < 0:
		return track.Settings{}, nil, usagef("--max-identities cannot be below 0")
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
		settings, f.tuned = tuned.Params.Settings(), tuned.Offline
		if tuned.Scores != (track.Scores{}) { // else they are guessed, as without settings
			scores = &tuned.Scores
		}
		if f.offline && f.tuned != nil && f.tuned.Looks > 0 != (f.model != "") {
			return settings, nil, usagef("--settings %s: its numbers of the whole video were tuned %s", f.settings,
				map[bool]string{true: "with a model: name it by --model", false: "without a model: leave --model out"}[f.tuned.Looks > 0])
		}
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
	if f.finds() && (f.seq == "" || f.det != "" || f.detector != "" && f.blobs) {
		return settings, nil, usagef("--detector and --blobs need --seq, the video or the folder with the frames' images; give one of them or --det")
	}
	if f.gallery != "" && f.model == "" {
		return settings, nil, usagef("--gallery needs --model, the model that its people were enrolled with")
	}
	if len(f.cameras) > 0 && (f.model == "" || f.seq == "" || f.det != "" || f.report != "" || f.render != "") {
		return settings, nil, usagef("--cameras needs --seq and --model, and goes with no --det, --report and --render")
	}
	if f.model != "" && f.seq == "" {
		return settings, nil, usagef("--model needs --seq, the folder with the frames' images")
	}
	settings.MaxIdentities = f.most
	return settings, scores, nil
}

// detections reads the file of detections, and what is known of the sequence. It is an error where they cannot be of that sequence, and
// said where they end long before it.
func (a *app) detections(f trackFlags, video mot.Info) (mot.Sequence, error) {
	if f.name != "" && f.det == "" {
		return mot.Sequence{}, usagef("a video needs --detector, --blobs, or --det with detections")
	}
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
	if f.seq == "" || f.det == "" {
		return found, found.CheckFits()
	}
	if f.name != "" {
		found.Name, found.Info = f.name, video
		return found, found.CheckFits()
	}
	if found.Info, err = mot.ReadInfo(os.DirFS(f.seq), "seqinfo.ini"); err != nil && !os.IsNotExist(err) {
		return found, fmt.Errorf("read %s/seqinfo.ini: %w", f.seq, err)
	}
	folder, err := filepath.Abs(f.seq)
	if err != nil {
		return found, fmt.Errorf("read %s: %w", f.seq, err)
	}
	_, last := found.Frames()
	if frames := found.Info.Frames; last*2 < frames && len(found.Rows) > 0 {
		a.say("%s ends at frame %d of %d: is it of another sequence", f.det, last, frames)
	}
	found.Name = filepath.Base(folder)
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
