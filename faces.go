package siam

import (
	"errors"
	"fmt"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/onnx"
)

// ErrNoDetector says that a model cannot find the faces in photographs.
var ErrNoDetector = errors.New("the model holds no face detector; name a YuNet file, or import the model with one")

// Faces makes a pipeline from photographs to embeddings of the faces in them, which [Model.Distance] compares. detector is
// YuNet as an ONNX file; nil takes the one in the model file, and fails with [ErrNoDetector] when it has none.
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
	template := face.ArcFace()
	if points := m.spec.Landmarks; len(points) == len(template) {
		template = face.Template(points)
	}
	return &face.Pipeline{
		Detector: face.NewDetector(run), Encoder: m.embedder, Preprocess: m.spec.Preprocess, Template: template,
	}, nil
}
