package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/pairnet"
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

// look gives all detections embeddings, from the frames' images.
func look(ctx context.Context, s settings, videos []video) (map[string]video, error) {
	model, err := siam.Open(s.model)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	looked := map[string]video{}
	for _, v := range videos {
		images, err := mot.OpenImages(filepath.Join(s.mot15, v.name))
		if err != nil {
			return nil, err
		}
		frames := slices.Clone(v.frames)
		for i := range frames {
			frames[i].Detections = slices.Clone(frames[i].Detections)
			picture, err := images.Read(frames[i].Number)
			if err != nil {
				return nil, err
			}
			if err := frames[i].LookAt(ctx, picture, track.DefaultOffline().Worth(frames[i].Detections), model.EmbedImages); err != nil {
				return nil, err
			}
		}
		v.frames = frames
		looked[v.key()] = v
	}
	return looked, nil
}

// paired gives the paper's network of pairs each video that has a model NAME.safetensors, which has not learned from it. What it returns besides
// closes the models.
func paired(s settings, videos []video) (looks map[string]*pairnet.Look, closeAll func(), err error) {
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, nil, err
	}
	looks = map[string]*pairnet.Look{}
	var models []*pairnet.Model
	closeAll = func() {
		for _, m := range models {
			m.Close()
		}
		backend.Finalize()
	}
	for _, v := range videos {
		model, look, err := v.pair(backend, s)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		models = append(models, model)
		looks[v.key()] = look
	}
	return looks, closeAll, nil
}

// pair looks at a video with its model.
func (v video) pair(backend compute.Backend, s settings) (*pairnet.Model, *pairnet.Look, error) {
	file, err := modelfile.Read(filepath.Join(s.pairs, v.name+".safetensors"))
	if err != nil {
		return nil, nil, err
	}
	images, err := mot.OpenImages(filepath.Join(s.mot15, v.name))
	if err != nil {
		return nil, nil, err
	}
	model, err := pairnet.New(backend, file)
	if err != nil {
		return nil, nil, err
	}
	look := pairnet.NewLook(model)
	for i := range v.frames {
		now, err := images.Read(v.frames[i].Number)
		if err != nil {
			continue // motion alone
		}
		next, err := images.Read(v.frames[i].Number + 1)
		if err != nil {
			next = imgproc.Image{} // nothing is known to move
		}
		look.See(&v.frames[i], track.OfflineByPairs().Worth(v.frames[i].Detections), now, next)
	}
	return model, look, nil
}
