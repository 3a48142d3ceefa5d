// Package siam answers one question with a Siamese network: are these two images the same?
//
// A model file, written by a training (see package recipe and the command siam train), carries the network, how its images are
// prepared, how two embeddings are compared, and the threshold below which two images are called the same. [Open] reads it;
// [Model.Compare] asks it.
package siam

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"sync"
	"sync/atomic"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
)

// Model is a trained encoder with its distance and its threshold.
//
// It is safe for use by several goroutines: images that come at the same time are embedded together, which costs less than one by
// one. A lone caller waits for nobody.
type Model struct {
	name     string // for errors
	file     *modelfile.File
	spec     encoder.Spec
	embedder *encoder.Embedder
	distance distance.Distance
	backend  Backend
	own      bool // the model opened the backend

	closed   atomic.Bool
	free     sync.Once
	mu       sync.Mutex
	networks []*onnx.Network // of its pipelines
}

// Option changes how [Open] and [New] set a model up.
type Option func(*options)

type options struct {
	backend       Backend
	distances     []distance.Distance
	architectures []encoder.Architecture
}

// WithBackend computes on a backend that the caller opened and closes. Without it a model opens the CPU backend for itself.
func WithBackend(b Backend) Option { return func(o *options) { o.backend = b } }

// WithDistance knows a distance of the caller's own, by the name that the model file gives it.
func WithDistance(d distance.Distance) Option {
	return func(o *options) { o.distances = append(o.distances, d) }
}

// WithArchitecture knows an architecture of the caller's own, by the name that the model file gives it. Without it such a model does
// not open.
func WithArchitecture(a encoder.Architecture) Option {
	return func(o *options) { o.architectures = append(o.architectures, a) }
}

// Open reads a model file. A file that is missing, damaged or of another kind gives an error that names it.
func Open(path string, opts ...Option) (*Model, error) {
	file, err := modelfile.Read(path)
	if err != nil {
		return nil, err
	}
	model, err := New(file, opts...)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	model.name = path
	return model, nil
}

// New makes a model of what a model file holds.
func New(file *modelfile.File, opts ...Option) (*Model, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	spec, err := encoder.SpecOf(file, o.architectures...)
	if err != nil {
		return nil, err
	}
	by, err := encoder.DistanceOf(spec, file.Distance, file.Weights, o.distances...)
	if err != nil {
		return nil, fmt.Errorf("%w; a distance of your own is given by siam.WithDistance", err)
	}
	m := &Model{name: spec.Arch, file: file, spec: spec, distance: by, backend: o.backend}
	if m.backend == nil {
		if m.backend, err = NewBackend("cpu", 0); err != nil {
			return nil, err
		}
		m.own = true
	}
	if m.embedder, err = m.newEmbedder(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// newEmbedder builds the encoder of a model: one of ours, or one that came as an ONNX file.
func (m *Model) newEmbedder() (*encoder.Embedder, error) {
	if m.spec.Arch == encoder.Imported {
		return onnx.NewEmbedder(m.backend, m.file)
	}
	return encoder.NewEmbedder(m.backend, m.spec, m.file.Weights)
}

// ErrClosed is what a model fails with after [Model.Close].
var ErrClosed = encoder.ErrClosed

// Close frees what the model holds, on a backend of the caller's too, once the batch that is being computed is done. Calls that wait
// their turn fail with [ErrClosed], and so do later ones and those of the model's pipelines.
func (m *Model) Close() {
	m.closed.Store(true)
	m.free.Do(func() {
		if m.embedder != nil {
			m.embedder.Close()
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, network := range m.networks {
			network.Close()
		}
		if m.own {
			m.backend.Finalize()
		}
	})
}

// Spec says what the model's encoder is and how its images are prepared.
func (m *Model) Spec() encoder.Spec { return m.spec }

// File is what the model's file holds. It must not be changed.
func (m *Model) File() *modelfile.File { return m.file }

// Distance compares two embeddings of this model: smaller is more alike. It panics where their lengths differ; embeddings that come
// from elsewhere are for [Model.CompareEmbeddings], or for [Model.CheckEmbeddings] first.
//
// It is the distance that the model file names, or, where the model has Koch's pair head, 1 − P(same).
func (m *Model) Distance(a, b []float32) float32 { return m.distance.Of(a, b) }

// NamedDistance is what Distance compares by, for [distance.NewIndex] and others that compare many.
func (m *Model) NamedDistance() distance.Distance { return m.distance }

// ErrNoThreshold says that a model cannot give verdicts because its threshold was never chosen.
var ErrNoThreshold = errors.New("the model has no calibrated threshold: choose one with siam calibrate, or use its distances")

// Verdict is the answer to: are these two the same?
type Verdict struct {
	Same      bool    `json:"same"` // Distance ≤ Threshold
	Distance  float32 `json:"distance"`
	Threshold float32 `json:"threshold"`
}

// String is "same" or "different".
func (v Verdict) String() string {
	if v.Same {
		return "same"
	}
	return "different"
}

// Sentence is the verdict with its numbers: "same: distance 0.1021, threshold 0.3370".
func (v Verdict) Sentence() string {
	return fmt.Sprintf("%s: distance %.4f, threshold %.4f", v, v.Distance, v.Threshold)
}

// Compare judges two images. It fails with [ErrNoThreshold] when the model has no threshold.
func (m *Model) Compare(ctx context.Context, a, b image.Image) (Verdict, error) {
	if m.file.Calibration == nil {
		return Verdict{}, ErrNoThreshold
	}
	embeddings, err := m.Embed(ctx, a, b)
	if err != nil {
		return Verdict{}, err
	}
	return m.Judge(m.Distance(embeddings[0], embeddings[1]))
}

// CompareEmbeddings judges two embeddings, wherever they come from. It fails as [Model.CheckEmbeddings] and [Model.Judge] do.
func (m *Model) CompareEmbeddings(a, b []float32) (Verdict, error) {
	if err := m.CheckEmbeddings(a, b); err != nil {
		return Verdict{}, err
	}
	return m.Judge(m.Distance(a, b))
}

// CheckEmbeddings says which embedding cannot be one of this model's: its length is another, or it holds a number that is not
// finite. They are counted from 1.
func (m *Model) CheckEmbeddings(embeddings ...[]float32) error {
	return distance.Check(m.spec.Dim, embeddings...)
}

// Judge turns a distance into a verdict. It fails with [ErrNoThreshold] when the model has no threshold, and when the distance is
// not a finite number.
func (m *Model) Judge(distance float32) (Verdict, error) {
	if m.file.Calibration == nil {
		return Verdict{}, ErrNoThreshold
	}
	if d := float64(distance); math.IsNaN(d) || math.IsInf(d, 0) {
		return Verdict{}, fmt.Errorf("model %s: no verdict on a distance of %v", m.name, distance)
	}
	threshold := m.file.Calibration.Threshold
	return Verdict{Same: distance <= threshold, Distance: distance, Threshold: threshold}, nil
}
