package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/pairnet"
	"github.com/siam-go/siam/track"
)

// trackedCameras is what siam track --cameras prints as JSON.
type trackedCameras struct {
	Cameras []tracked `json:"cameras"`
	Objects int       `json:"objects"` // different ids
	Several int       `json:"several"` // of these, before more than one camera
}

// perCamera are the flags of each sequence, whose tracks go to a file of its name in the folder --out.
func (f trackFlags) perCamera() (all []trackFlags, err error) {
	endings := map[string]string{"coco": ".json", "jsonl": ".jsonl"}
	for _, seq := range append([]string{f.seq}, f.cameras...) {
		if _, err := os.Stat(seq); err != nil {
			return nil, fmt.Errorf("read %s: there is no such file or folder", seq)
		}
		one := f
		one.seq = seq
		name, ending := strings.TrimSuffix(filepath.Base(filepath.Clean(seq)), filepath.Ext(seq)), endings[f.format]
		if ending == "" {
			ending = ".txt"
		}
		one.out = filepath.Join(f.out, name+ending)
		if slices.ContainsFunc(all, func(other trackFlags) bool { return other.out == one.out }) {
			return nil, usagef("--cameras: two sequences are called %s: the files of their tracks would be one", name)
		}
		all = append(all, one)
	}
	return all, nil
}

// trackCameras tracks what several cameras saw, gives who looks the same one id, and writes a file of tracks for each camera.
func (a *app) trackCameras(ctx context.Context, f trackFlags, settings track.Settings, scores *track.Scores, count placesCounted) error {
	cameras, err := f.perCamera()
	if err != nil {
		return err
	}
	if err := f.checkAcross(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return cannotWrite(f.out, err)
	}
	var all []followed
	defer func() {
		for _, one := range all {
			one.close()
		}
	}()
	for _, camera := range cameras {
		if err := camera.checkOuts(); err != nil {
			return err
		}
		one, err := a.follow(ctx, camera, settings, scores)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	numberAcross(all)
	var result trackedCameras
	var text strings.Builder
	cameraOf := map[int]map[int]bool{} // cameras of each id
	for i, one := range all {
		if err := a.writeTracks(one.flags, one.tracks); err != nil {
			return err
		}
		told, err := a.tell(ctx, one, count)
		if err != nil {
			return err
		}
		result.Cameras = append(result.Cameras, told)
		text.WriteString(told.text())
		for _, t := range told.Tracks {
			if cameraOf[t.ID] == nil {
				cameraOf[t.ID] = map[int]bool{}
			}
			cameraOf[t.ID][i] = true
		}
	}
	result.Objects = len(cameraOf)
	for _, of := range cameraOf {
		if len(of) > 1 {
			result.Several++
		}
	}
	fmt.Fprintf(&text, "%d cameras: %d ids, %d of them before several\n", len(all), result.Objects, result.Several)
	return a.print(result, text.String())
}

// checkAcross says why the model cannot tell whether two look the same, before anything is tracked.
func (f trackFlags) checkAcross() error {
	file, err := readModelFile(f.model)
	switch {
	case err != nil:
		return err
	case file.Kind == pairnet.Kind:
		return usagef("--cameras needs a model that embeds, and %s compares pairs", f.model)
	case file.Calibration == nil:
		return fmt.Errorf("%s cannot tell whether two look the same: %w", f.model, siam.ErrNoThreshold)
	}
	return nil
}

// numberAcross gives tracks of all cameras ids of the objects that they are of.
func numberAcross(all []followed) {
	model := all[0].view.model
	var sightings []track.Sighting
	places := map[[2]int]int{} // of sightings, by camera and id
	for camera, one := range all {
		shown := shownBy(one.video.frames, one.tracks.Rows)
		for _, t := range lifetimes(one.tracks.Rows, one.video.rate) {
			places[[2]int{camera, t.ID}] = len(sightings)
			s := track.Sighting{Camera: camera, Look: meanLook(shown[t.ID])}
			s.First, s.Last = one.video.when(t.First), one.video.when(t.Last)
			sightings = append(sightings, s)
		}
	}
	objects := track.Across(sightings, float64(model.File().Calibration.Threshold), func(a, b []float32) float64 { return float64(model.Distance(a, b)) })
	for camera, one := range all {
		for i := range one.tracks.Rows {
			r := &one.tracks.Rows[i]
			r.ID = objects[places[[2]int{camera, r.ID}]]
		}
	}
}

// meanLook is the mean of a track's best embeddings, nil where there are none.
func meanLook(shown []*track.Detection) (mean []float32) {
	shown = shown[:min(len(shown), mostShown)]
	for _, d := range shown {
		if mean == nil {
			mean = make([]float32, len(d.Embedding))
		}
		for i, v := range d.Embedding {
			mean[i] += v / float32(len(shown))
		}
	}
	return mean
}
