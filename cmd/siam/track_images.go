package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/track"
)

// lookAtFrames embeds the boxes of all frames with the model, and tells how the camera moved, if that is asked for. Frames whose image is missing or damaged are counted, and go on
// with motion alone.
func (a *app) lookAtFrames(ctx context.Context, f trackFlags, frames []track.Frame) (missing int, err error) {
	if f.model == "" && !f.camera {
		return 0, nil
	}
	images, err := mot.OpenImages(f.seq)
	if err != nil {
		return 0, err
	}
	var embed track.Embed
	if f.model != "" {
		model, closeModel, err := a.openModel(f.model)
		if err != nil {
			return 0, err
		}
		defer closeModel()
		embed = model.EmbedImages
	}
	var camera track.Camera
	progress := a.newProgress("looking", "frames", len(frames))
	defer progress.close()
	var first error
	for i := range frames {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		progress.add(1)
		if len(frames[i].Detections) == 0 && !f.camera {
			continue
		}
		picture, err := images.Read(frames[i].Number)
		if err != nil {
			missing++
			if first == nil && !errors.Is(err, fs.ErrNotExist) {
				first = err
			}
			continue
		}
		if f.camera {
			frames[i].Scale, frames[i].DX, frames[i].DY = camera.Next(picture)
		}
		if embed == nil {
			continue
		}
		if err := frames[i].LookAt(ctx, picture, track.LeastLooked, embed); err != nil {
			return 0, fmt.Errorf("tracking %s: %w", f.seq, err)
		}
	}
	switch {
	case missing == len(frames):
		return missing, fmt.Errorf("none of %d frames has an image in %s", missing, images.Dir)
	case missing > 0:
		a.say("%d of %d frames have no image that can be read in %s, and go on by motion alone", missing, len(frames), images.Dir)
	}
	if first != nil {
		a.say("the first damaged one: %v", first)
	}
	return missing, nil
}
