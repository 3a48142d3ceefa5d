package siam

import (
	"context"
	"errors"
	"fmt"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/onnx"
)

// ErrNoDetector says that a model cannot find the faces in photographs.
var ErrNoDetector = errors.New("the model holds no face detector; name a YuNet file, or import the model with one")

// Faces makes a pipeline from photographs to embeddings of the faces in them, which [Model.Distance] compares. detector is
// YuNet as an ONNX file; nil takes the one in the model file, and fails with [ErrNoDetector] when it has none. The pipeline is safe
// for use by several goroutines, and lives as long as the model.
func (m *Model) Faces(detector []byte) (*face.Pipeline, error) {
	if err := m.wantImages(); err != nil {
		return nil, err
	}
	if detector == nil {
		detector = m.file.Networks[encoder.DetectorNetwork]
	}
	if detector == nil {
		return nil, ErrNoDetector
	}
	network, err := onnx.Decode(detector)
	if err != nil {
		return nil, fmt.Errorf("the face detector: %w", err)
	}
	run, err := onnx.NewNetwork(m.backend, network, face.Outputs()...)
	if err != nil {
		return nil, fmt.Errorf("the face detector is not YuNet: %w", err)
	}
	if err := m.hold(run); err != nil {
		return nil, fmt.Errorf("the face detector: %w", err)
	}
	template := face.ArcFace()
	if points := m.spec.Landmarks; len(points) == len(template) {
		template = face.Template(points)
	}
	return &face.Pipeline{
		Detector: face.NewDetector(run), Encoder: crops{m}, Preprocess: m.spec.Preprocess, Template: template,
	}, nil
}

// hold makes [Model.Close] close a network.
func (m *Model) hold(network *onnx.Network) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed.Load() {
		network.Close()
		return ErrClosed
	}
	m.networks = append(m.networks, network)
	return nil
}

// crops embeds crops of faces.
type crops struct{ model *Model }

// Embed implements [face.Encoder].
func (c crops) Embed(ctx context.Context, images []float32) ([][]float32, error) {
	rows, err := c.model.embedder.Embed(ctx, images)
	if err != nil {
		return nil, err
	}
	return rows, c.model.checkFinite("face", rows, 0)
}
