package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/track"
)

// video is a sequence with its truth and one detector's boxes.
type video struct {
	name, detector string
	truth          mot.Sequence
	found          mot.Sequence
	frames         []track.Frame
}

// readVideos reads the sequences of folder that have detections, with scores by a map learned on the others.
func readVideos(folder, detector, detections string) ([]video, error) {
	truth, err := mot.Read(folder, mot.Truth)
	if err != nil {
		return nil, err
	}
	found, err := mot.Read(detections, mot.Detections)
	if err != nil {
		return nil, err
	}
	by := map[string]video{}
	for _, t := range truth {
		for _, d := range found {
			if d.Name == t.Name {
				d.Info = t.Info
				by[t.Name] = video{name: t.Name, detector: detector, truth: t, found: d}
			}
		}
	}
	var all []video
	for _, name := range slices.Sorted(maps.Keys(by)) {
		v := by[name]
		var others []tracking.Labelled
		for other, o := range by {
			if other != name {
				others = append(others, tracking.LabelDetections(o.truth, o.found)...)
			}
		}
		if v.frames, err = track.Frames(v.found, v.truth.Info.Rate, fit(others)); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has detections of no sequence of %s", detections, folder)
	}
	return all, nil
}

func fit(labelled []tracking.Labelled) track.Scores {
	var scores []float64
	var right []bool
	for _, l := range labelled {
		scores, right = append(scores, l.Score), append(right, l.Right)
	}
	return track.FitScores(scores, right)
}

// judge compares tracks with a video's truth.
func (v video) judge(tracks mot.Sequence) (tracking.Counts, error) {
	s, err := tracking.Compare(mot.Pair{Truth: v.truth, Tracks: tracks}, tracking.InferRules(v.truth, ""))
	if err != nil {
		return tracking.Counts{}, err
	}
	return s.Count(), nil
}

// key names a video among all.
func (v video) key() string { return v.name + " " + v.detector }

// looks are the videos as a network sees them: their detections have embeddings.
type looks struct {
	name   string
	model  func(v video) string // the file of what looks at a video
	videos map[string]video     // without those of sequences that the network has learned from
}

// errSeen says that a method does not apply to a video: no network of its was trained without the sequence.
var errSeen = errors.New("no network was trained without this sequence")

// of tracks the video as the network sees it.
func (l looks) of(track func(v video) (mot.Sequence, error)) func(v video) (mot.Sequence, error) {
	return func(v video) (mot.Sequence, error) {
		looked, known := l.videos[v.key()]
		if !known {
			return mot.Sequence{}, errSeen
		}
		return track(looked)
	}
}

// look gives all detections embeddings, from the frames' images.
func (l looks) look(ctx context.Context, s settings, videos []video) (map[string]video, error) {
	looked := map[string]video{}
	for _, v := range videos {
		one, err := v.look(ctx, l.model(v), s)
		if errors.Is(err, fs.ErrNotExist) {
			continue // this one was not trained without the sequence
		}
		if err != nil {
			return nil, err
		}
		looked[v.key()] = one
	}
	return looked, nil
}

func (v video) look(ctx context.Context, file string, s settings) (video, error) {
	model, err := siam.Open(file)
	if err != nil {
		return v, err
	}
	defer model.Close()
	images, err := mot.OpenImages(filepath.Join(s.mot15, v.name))
	if err != nil {
		return v, err
	}
	v.frames = slices.Clone(v.frames)
	for i := range v.frames {
		f := &v.frames[i]
		f.Detections = slices.Clone(f.Detections)
		picture, err := images.Read(f.Number)
		if err != nil {
			return v, err
		}
		if err := f.LookAt(ctx, picture, track.DefaultOffline().Worth(f.Detections), model.EmbedImages); err != nil {
			return v, err
		}
	}
	return v, nil
}
