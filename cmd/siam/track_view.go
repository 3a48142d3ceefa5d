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

	given   []bool // which frames have detections before anybody looks
	missing int
	damaged error // the first one
}

// viewFrames finds people in the frames, embeds the boxes with the model or makes them ready to be compared as pairs, and tells how the camera moved, as
// far as these are asked for. What it returns besides closes what it opened.
func (a *app) viewFrames(ctx context.Context, f trackFlags, s track.Settings, v *trackedVideo) (*viewer, func(), error) {
	view := &viewer{images: v.images, scores: v.scores, worth: f.worth(s)}
	closeAll, err := a.openView(ctx, f, view)
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
		return f.whole(false).Worth
	case s.Memory.Size == 0 && f.gallery != "":
		return track.Ours().Worth
	}
	return s.Worth
}

// openView opens what the flags ask for.
func (a *app) openView(ctx context.Context, f trackFlags, v *viewer) (closeAll func(), err error) {
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
		closeModel, err := a.openLook(ctx, f, v)
		if err != nil {
			closeAll()
			return nil, err
		}
		closers = append(closers, closeModel)
	}
	return closeAll, nil
}

// openLook opens the model, of embeddings or of pairs, as its file says.
func (a *app) openLook(ctx context.Context, f trackFlags, v *viewer) (closeModel func(), err error) {
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
	closeModel = func() { closeLook(); backend.Finalize() }
	if f.gallery == "" {
		return closeModel, nil
	}
	_, closeGallery, err := openNames(ctx, f.gallery, v.model) // what is wrong with it is told before anybody looks
	if err != nil {
		closeModel()
		return nil, err
	}
	closeGallery()
	return closeModel, nil
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

// sight is a frame that was looked at, or why it was not.
type sight struct {
	image   imgproc.Image
	missing error // it has no image that can be read
	err     error
}

// all looks at all frames, several at once, and tells of each.
func (v *viewer) all(ctx context.Context, frames []track.Frame, done func()) error {
	ctx, stop := context.WithCancel(ctx)
	v.given = make([]bool, len(frames))
	for i, f := range frames {
		v.given[i] = len(f.Detections) > 0
	}
	sights := v.ahead(ctx, frames)
	defer func() { // nobody looks any more when it returns
		stop()
		for s := range sights {
			<-s
		}
	}()
	next := first(sights)
	for i := range frames {
		now := next
		next = first(sights)
		if err := cmp.Or(ctx.Err(), now.err); err != nil {
			return err
		}
		v.inTurn(&frames[i], now, next.image)
		done()
	}
	return nil
}

// first waits for the next sight; after the last one there is none.
func first(sights <-chan chan sight) (s sight) {
	if one, more := <-sights; more {
		s = <-one
	}
	return s
}

// atOnce is how many frames are looked at at once: while one waits for the networks, another is read and made ready for them.
const atOnce = 3

// ahead looks at the frames, and gives them in their order.
func (v *viewer) ahead(ctx context.Context, frames []track.Frame) <-chan chan sight {
	sights := make(chan chan sight, atOnce-1)
	go func() {
		defer close(sights)
		for i := range frames {
			s := make(chan sight, 1)
			select {
			case sights <- s:
			case <-ctx.Done():
				return
			}
			go func() { s <- v.look(ctx, frames, i) }()
		}
	}()
	return sights
}

// wanted reports whether anybody looks at frame i. Pairs are looked at with the frame after them.
func (v *viewer) wanted(i int) bool {
	return v.find != nil || v.camera != nil || v.given[i] || v.pairs != nil && i > 0 && v.given[i-1]
}

// look looks at one frame by itself.
func (v *viewer) look(ctx context.Context, frames []track.Frame, i int) (s sight) {
	if !v.wanted(i) || ctx.Err() != nil {
		return s
	}
	frame := &frames[i]
	if s.image, s.missing = v.images.Read(frame.Number); s.missing != nil {
		return sight{missing: s.missing}
	}
	if v.find != nil {
		found, err := v.find(ctx, s.image)
		if err != nil {
			return sight{err: fmt.Errorf("finding people in frame %d: %w", frame.Number, err)}
		}
		for i := range found {
			found[i].Score = v.scores.Of(found[i].Score)
		}
		frame.Detections = found
	}
	if v.model != nil {
		s.err = frame.LookAt(ctx, s.image, v.worth(frame.Detections), v.model.EmbedImages)
	}
	return s
}

// inTurn looks at a frame after those before it; next is the image of the one after.
func (v *viewer) inTurn(frame *track.Frame, s sight, next imgproc.Image) {
	if s.missing != nil {
		v.missing++
		if v.damaged == nil && !errors.Is(s.missing, fs.ErrNotExist) {
			v.damaged = s.missing
		}
	}
	if s.image.Pix == nil {
		return
	}
	if v.camera != nil {
		frame.Scale, frame.DX, frame.DY = v.camera.Next(s.image)
	}
	if v.pairs != nil {
		v.pairs.See(frame, v.worth(frame.Detections), s.image, next)
	}
}

// compare compares detections as pairs; nil where they have embeddings.
func (v *viewer) compare() track.Compare {
	if v.pairs == nil {
		return nil
	}
	return v.pairs.Compare
}
