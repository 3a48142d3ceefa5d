package siam

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
)

// Warm embeds black inputs in batches of every size, so that no later call waits until the encoder is compiled for its own:
// servers call it while they begin. When ctx ends, or after [Model.Close], it returns an error as Embed does.
func (m *Model) Warm(ctx context.Context) error { return m.embedder.Warm(ctx) }

// Embed returns one embedding [d] per image. Images may have any size; they are prepared as the model's training prepared its own.
//
// All images are looked at first: one that is nil, empty or larger than [imgproc.MaxPixels] fails the call with an error that names
// it, counted from 1, before anything is copied. When ctx ends, Embed returns its error: at once while it waits for others, and otherwise when the
// batch that it computes, or the image that each core prepares, is done.
//
// An embedding depends on the model and the image, and neither on the images beside it nor on the number of threads. Only its last
// bits may depend on how many images are embedded at the same time: on the backend "cpu" those of networks that end in maps of up to
// 4×4 pixels with many channels, as "resnet" in the recipe faces does (by about 1e-7), and on other backends of all.
func (m *Model) Embed(ctx context.Context, images ...image.Image) ([][]float32, error) {
	if err := m.wantImages(); err != nil {
		return nil, err
	}
	for i, picture := range images {
		if err := imgproc.CheckImage(picture); err != nil {
			return nil, &imgproc.NumberedError{Doing: "embed image", Number: i + 1, Err: err}
		}
	}
	return m.embed(ctx, len(images), func(i int) (imgproc.Image, error) { return imgproc.Convert(ctx, images[i]) })
}

// EmbedImages is [Model.Embed] for images that are decoded already.
func (m *Model) EmbedImages(ctx context.Context, images []imgproc.Image) ([][]float32, error) {
	if err := m.wantImages(); err != nil {
		return nil, err
	}
	for i, picture := range images {
		if err := picture.Check(); err != nil {
			return nil, &imgproc.NumberedError{Doing: "embed image", Number: i + 1, Err: err}
		}
	}
	return m.embed(ctx, len(images), func(i int) (imgproc.Image, error) { return images[i], nil })
}

// embed embeds n images, as many at a time as the encoder takes at once.
func (m *Model) embed(ctx context.Context, n int, at func(i int) (imgproc.Image, error)) ([][]float32, error) {
	if m.closed.Load() {
		return nil, fmt.Errorf("embed: %w", ErrClosed)
	}
	size, rows := m.spec.Preprocess.Size(), m.embedder.Rows()
	input := make([]float32, min(rows, n)*size)
	embeddings := make([][]float32, 0, n)
	for first := 0; first < n; first += rows {
		input = input[:min(rows, n-first)*size]
		if err := m.prepare(ctx, input, first, at); err != nil {
			return nil, err
		}
		batch, err := m.embedder.Embed(ctx, input)
		if err != nil {
			return nil, err
		}
		if err := m.checkFinite("embed image", batch, first); err != nil {
			return nil, err
		}
		embeddings = append(embeddings, batch...)
	}
	return embeddings, nil
}

// prepare fills input with images, from the one with the number first on.
func (m *Model) prepare(ctx context.Context, input []float32, first int, at func(i int) (imgproc.Image, error)) error {
	size := m.spec.Preprocess.Size()
	failures := make([]error, len(input)/size)
	parallel.Ranges(len(failures), func(lo, hi int) {
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			failures[i] = m.prepareOne(input[i*size:(i+1)*size], func() (imgproc.Image, error) { return at(first + i) })
		}
	})
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("embed: %w", err)
	}
	for i, err := range failures {
		if err != nil {
			return &imgproc.NumberedError{Doing: "embed image", Number: first + i + 1, Err: err}
		}
	}
	return nil
}

// prepareOne makes the encoder's input of one image. A panic here would end the process.
func (m *Model) prepareOne(dst []float32, get func() (imgproc.Image, error)) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("it cannot be prepared: %v", failure)
		}
	}()
	picture, err := get()
	if err != nil {
		return err
	}
	m.spec.Preprocess.Apply(dst, picture)
	return nil
}

// checkFinite fails where an embedding is none, of inputs from the one at first on: no distance to it would mean anything.
func (m *Model) checkFinite(doing string, embeddings [][]float32, first int) error {
	for i, embedding := range embeddings {
		at := slices.IndexFunc(embedding, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
		if at >= 0 {
			return &imgproc.NumberedError{Doing: doing, Number: first + i + 1, Err: fmt.Errorf(
				"model %s makes %v of it: its weights are damaged, or its numbers overflow", m.name, embedding[at])}
		}
	}
	return nil
}
