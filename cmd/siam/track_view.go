package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/pairnet"
	"github.com/siam-go/siam/track"
)

// viewer looks at the frames' images, each of which is read once. Frames whose image is missing or damaged are counted, and go on by motion alone.
type viewer struct {
	images *mot.Images
	find   finder // nil where detections are given
	scores track.Scores
	worth  func([]track.Detection) []int // which detections to look at
	model  *siam.Model                   // nil for no embeddings
	camera *track.Camera                 // nil where nobody asks how it moves
	pairs  *pairnet.Look                 // nil without a model of pairs

	missing int
	damaged error // the first one
}

// viewFrames finds people in the frames, embeds the boxes with the model or makes them ready to be compared as pairs, and tells how the camera moved, as
// far as these are asked for. What it returns besides closes what it opened.
func (a *app) viewFrames(ctx context.Context, f trackFlags, s track.Settings, v *trackedVideo) (*viewer, func(), error) {
	view := &viewer{images: v.images, scores: v.scores, worth: f.worth(s)}
	closeAll, err := a.openView(f, view)
	if err != nil {
		return nil, nil, err
	}
	if view.find == nil && view.model == nil && view.pairs == nil && view.camera == nil {
		return view, closeAll, nil
	}
	progress := a.newProgress(cmp.Or(map[bool]string{true: "finding people"}[view.find != nil], "looking"), "frames", len(v.frames))
	err = view.all(ctx, v.frames, func() { progress.add(1) })
	progress.close()
	if err == nil && view.missing == len(v.frames) {
		err = fmt.Errorf("none of %d frames has an image that can be read in %s", view.missing, view.images.Dir)
	}
	if err != nil {
		closeAll()
		return nil, nil, fmt.Errorf("tracking %s: %w", f.seq, err)
	}
	if view.missing > 0 {
		a.say("%d of %d frames have no image that can be read in %s, and go on by motion alone", view.missing, len(v.frames), view.images.Dir)
	}
	if view.damaged != nil {
		a.say("the first damaged one: %v", view.damaged)
	}
	return view, closeAll, nil
}

// worth says which detections are looked at: those that the tracker asks for, and where a gallery names the tracks, those that ours would.
func (f trackFlags) worth(s track.Settings) func([]track.Detection) []int {
	switch {
	case f.offline:
		return f.whole().Worth
	case s.Memory.Size == 0 && f.gallery != "":
		return track.Ours().Worth
	}
	return s.Worth
}

// openView opens what the flags ask for.
func (a *app) openView(f trackFlags, v *viewer) (closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, c := range closers {
			c()
		}
	}
	if f.camera {
		v.camera = new(track.Camera)
	}
	if f.finds() {
		find, closeFinder, err := a.openFinder(f, *v.images)
		if err != nil {
			return nil, err
		}
		v.find, closers = find, append(closers, closeFinder)
	}
	if f.model != "" {
		closeModel, err := a.openLook(f, v)
		if err != nil {
			closeAll()
			return nil, err
		}
		closers = append(closers, closeModel)
	}
	return closeAll, nil
}

// openLook opens the model, of embeddings or of pairs, as its file says.
func (a *app) openLook(f trackFlags, v *viewer) (closeModel func(), err error) {
	file, err := readModelFile(f.model)
	if err != nil {
		return nil, err
	}
	if file.Kind == pairnet.Kind && f.gallery != "" {
		return nil, usagef("--gallery needs a model that embeds, and %s compares pairs", f.model)
	}
	if file.Kind == pairnet.Kind && !f.offline {
		return nil, usagef("--model %s compares pairs of the whole video: add --offline, or name a model that embeds", f.model)
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, err
	}
	closeLook, err := v.openModel(backend, file)
	if err != nil {
		backend.Finalize()
		return nil, fmt.Errorf("open %s: %w", f.model, err)
	}
	return func() { closeLook(); backend.Finalize() }, nil
}

func (v *viewer) openModel(backend siam.Backend, file *modelfile.File) (func(), error) {
	if file.Kind == pairnet.Kind {
		model, err := pairnet.New(backend, file)
		if err != nil {
			return nil, err
		}
		v.pairs = pairnet.NewLook(model)
		return model.Close, nil
	}
	model, err := siam.New(file, siam.WithBackend(backend))
	if err != nil {
		return nil, err
	}
	v.model = model
	return func() { model.Close() }, nil
}

// picture is a frame's image, or why there is none.
type picture struct {
	image imgproc.Image
	err   error
}

// notWanted says that nobody looks at a frame.
var notWanted = errors.New("not wanted")

// all looks at all frames, and tells of each.
func (v *viewer) all(ctx context.Context, frames []track.Frame, done func()) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pictures := v.read(ctx, frames)
	next := <-pictures
	for i := range frames {
		now := next
		next = <-pictures // after the last one, nothing
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.look(ctx, &frames[i], now, next); err != nil {
			return err
		}
		done()
	}
	return nil
}

// read reads the frames' images ahead, while others look at those before.
func (v *viewer) read(ctx context.Context, frames []track.Frame) <-chan picture {
	pictures := make(chan picture, 2)
	go func() {
		defer close(pictures)
		for i := range frames {
			p := picture{err: notWanted}
			if v.wanted(frames, i) {
				p.image, p.err = v.images.Read(frames[i].Number)
			}
			select {
			case pictures <- p:
			case <-ctx.Done():
				return
			}
		}
	}()
	return pictures
}

// wanted reports whether anybody looks at frame i. Pairs are looked at with the frame after them.
func (v *viewer) wanted(frames []track.Frame, i int) bool {
	return v.find != nil || v.camera != nil || len(frames[i].Detections) > 0 || v.pairs != nil && i > 0 && len(frames[i-1].Detections) > 0
}

// look looks at one frame; next is the one after.
func (v *viewer) look(ctx context.Context, frame *track.Frame, now, next picture) error {
	switch {
	case now.err == notWanted:
		return nil
	case now.err != nil:
		v.missing++
		if v.damaged == nil && !errors.Is(now.err, fs.ErrNotExist) {
			v.damaged = now.err
		}
		return nil
	}
	if v.find != nil {
		found, err := v.find(ctx, now.image)
		if err != nil {
			return fmt.Errorf("finding people in frame %d: %w", frame.Number, err)
		}
		for i := range found {
			found[i].Score = v.scores.Of(found[i].Score)
		}
		frame.Detections = found
	}
	if v.camera != nil {
		frame.Scale, frame.DX, frame.DY = v.camera.Next(now.image)
	}
	if v.pairs != nil {
		v.pairs.See(frame, v.worth(frame.Detections), now.image, next.image)
	}
	if v.model == nil {
		return nil
	}
	return frame.LookAt(ctx, now.image, v.worth(frame.Detections), v.model.EmbedImages)
}

// compare compares detections as pairs; nil where they have embeddings.
func (v *viewer) compare() track.Compare {
	if v.pairs == nil {
		return nil
	}
	return v.pairs.Compare
}
