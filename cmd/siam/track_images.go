package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/pairnet"
	"github.com/siam-go/siam/track"
)

// looker looks at the frames' images. Frames whose image is missing or damaged are counted, and go on with motion alone.
type looker struct {
	images  mot.Images
	model   *siam.Model   // nil for no embeddings
	camera  *track.Camera // nil where nobody asks how it moves
	pairs   *pairnet.Look // nil without a model of pairs
	missing int
	damaged error // the first one
}

// lookAtFrames embeds the boxes of all frames with the model, or makes them ready to be compared as pairs, and tells how the camera moved, if that is
// asked for. What it returns besides closes the model.
func (a *app) lookAtFrames(ctx context.Context, f trackFlags, frames []track.Frame) (l *looker, closeModel func(), err error) {
	l, closeModel = &looker{}, func() {}
	if f.model == "" && !f.camera {
		return l, closeModel, nil
	}
	if l.images, err = mot.OpenImages(f.seq); err != nil {
		return l, closeModel, err
	}
	if closeModel, err = a.openLook(f, l); err != nil {
		return l, func() {}, err
	}
	progress := a.newProgress("looking", "frames", len(frames))
	defer progress.close()
	for i := range frames {
		if err = ctx.Err(); err == nil {
			err = l.look(ctx, &frames[i])
		}
		if err != nil {
			closeModel()
			return l, func() {}, fmt.Errorf("tracking %s: %w", f.seq, err)
		}
		progress.add(1)
	}
	if l.missing == len(frames) {
		closeModel()
		return l, func() {}, fmt.Errorf("none of %d frames has an image in %s", l.missing, l.images.Dir)
	}
	if l.missing > 0 {
		a.say("%d of %d frames have no image that can be read in %s, and go on by motion alone", l.missing, len(frames), l.images.Dir)
	}
	if l.damaged != nil {
		a.say("the first damaged one: %v", l.damaged)
	}
	return l, closeModel, nil
}

// openLook opens the model, of embeddings or of pairs, as its file says.
func (a *app) openLook(f trackFlags, l *looker) (closeModel func(), err error) {
	if f.camera {
		l.camera = new(track.Camera)
	}
	if f.model == "" {
		return func() {}, nil
	}
	file, err := readModelFile(f.model)
	if err != nil {
		return nil, err
	}
	if file.Kind != pairnet.Kind {
		model, closeModel, err := a.openModel(f.model)
		if err != nil {
			return nil, err
		}
		l.model = model
		return closeModel, nil
	}
	if f.gallery != "" {
		return nil, usagef("--gallery needs a model that embeds, and %s compares pairs", f.model)
	}
	if !f.offline {
		return nil, usagef("--model %s compares pairs of the whole video: add --offline, or name a model that embeds", f.model)
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, err
	}
	model, err := pairnet.New(backend, file)
	if err != nil {
		backend.Finalize()
		return nil, fmt.Errorf("open %s: %w", f.model, err)
	}
	l.pairs = pairnet.NewLook(model)
	return func() { model.Close(); backend.Finalize() }, nil
}

// look looks at one frame.
func (l *looker) look(ctx context.Context, frame *track.Frame) error {
	if len(frame.Detections) == 0 && l.camera == nil {
		return nil
	}
	picture, err := l.images.Read(frame.Number)
	if err != nil {
		l.missing++
		if l.damaged == nil && !errors.Is(err, fs.ErrNotExist) {
			l.damaged = err
		}
		return nil
	}
	if l.camera != nil {
		frame.Scale, frame.DX, frame.DY = l.camera.Next(picture)
	}
	if l.pairs != nil {
		next, err := l.images.Read(frame.Number + 1)
		if err != nil {
			next = imgproc.Image{} // nothing is known to move
		}
		l.pairs.See(frame, picture, next)
	}
	if l.model == nil {
		return nil
	}
	return frame.LookAt(ctx, picture, track.LeastLooked, l.model.EmbedImages)
}

// compare compares detections as pairs; nil where they have embeddings.
func (l *looker) compare() track.Compare {
	if l.pairs == nil {
		return nil
	}
	return l.pairs.Compare
}
