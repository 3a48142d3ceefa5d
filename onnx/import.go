package onnx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// ImportOptions say what a network cannot tell about itself.
type ImportOptions struct {
	// Preprocess prepares the images. Height and Width 0 take the network's own; Channels 0 too. Nil takes what [Export]
	// wrote into the file, with all other options that are not given.
	Preprocess *imgproc.Preprocess
	// Outputs are the tensors wanted, none for the network's only output, which must be an embedding then. An encoder has one,
	// [n, d].
	Outputs []string
	// Pool makes an embedding of a map or of tokens: "mean" or "cls", see [encoder.Spec].
	Pool string
	// Precision is what the operands of the encoder's products are, wherever the model is opened: "bf16", "bf16x3", or empty, see [encoder.Spec].
	Precision string
	// Distance compares embeddings, see [distance.ByName]; empty means cosine.
	Distance  string
	Normalize bool // scale embeddings to length 1
	// Threshold is the distance up to which two images are the same; nil for none.
	Threshold *float32
	// Landmarks and Detector make the model one for faces in photographs, see [encoder.Spec] and [encoder.DetectorNetwork].
	Landmarks [][2]float64
	Detector  []byte
}

// Import makes a model of a network, after it tried the network with one image and with two, and says what it found. It fails when
// the options do not fit the network, with [ErrNoEmbedding] when it makes no embedding and nothing else was asked for, and when it
// makes anything but finite numbers; what it says names the choice to make. When ctx ends, its error is Import's.
func Import(ctx context.Context, backend compute.Backend, m *Model, o ImportOptions) (*modelfile.File, Findings, error) {
	named := len(o.Outputs) > 0
	o, err := o.completed(m)
	if err != nil {
		return nil, Findings{}, err
	}
	spec, found, err := m.try(ctx, backend, o)
	if err != nil {
		return nil, found, err
	}
	spec.Precision = o.Precision
	if spec.Dim == 0 && !named {
		return nil, found, fmt.Errorf("%w: %s", ErrNoEmbedding, found.Outputs[0])
	}
	file, err := encoder.NewFile(spec, o.Distance, nil)
	if err != nil {
		return nil, found, err
	}
	file.Networks = map[string][]byte{encoder.EncoderNetwork: m.Bytes()}
	if o.Detector != nil {
		file.Networks[encoder.DetectorNetwork] = o.Detector
	}
	if o.Threshold != nil {
		file.Calibration = &modelfile.Calibration{Threshold: *o.Threshold}
	}
	return file, found, nil
}

// completed fills in what was not given: from the file's metadata where it is one of ours, or what is usual.
func (o ImportOptions) completed(m *Model) (ImportOptions, error) {
	if o.Preprocess == nil && m.Metadata(metaPreprocess) == "" {
		return o, errors.New("how its images are prepared is not in the file: say so with the preprocessing")
	}
	if o.Preprocess == nil {
		o.Preprocess = &imgproc.Preprocess{}
		if err := m.metadataJSON(metaPreprocess, o.Preprocess); err != nil {
			return o, err
		}
	}
	if o.Landmarks == nil {
		if err := m.metadataJSON(metaLandmarks, &o.Landmarks); err != nil {
			return o, err
		}
	}
	o.Normalize = o.Normalize || m.Metadata(metaNormalize) == "true"
	if o.Distance == "" {
		o.Distance = m.Metadata(metaDistance)
	}
	if o.Distance == distance.PairHeadName {
		return o, errors.New("its embeddings are compared by a pair head, which is not in the file: choose a distance")
	}
	if o.Distance == "" {
		o.Distance = "cosine"
	}
	if text := m.Metadata(metaThreshold); text != "" && o.Threshold == nil {
		threshold, err := strconv.ParseFloat(text, 32)
		if err != nil {
			return o, fmt.Errorf("metadata %s: %w", metaThreshold, err)
		}
		value := float32(threshold)
		o.Threshold = &value
	}
	if len(o.Outputs) == 0 {
		o.Outputs = []string{""}
	}
	return o, nil
}

// metadataJSON reads what the file carries under key, and leaves target as it is when there is nothing.
func (m *Model) metadataJSON(key string, target any) error {
	text := m.Metadata(key)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), target); err != nil {
		return fmt.Errorf("metadata %s: %w", key, err)
	}
	return nil
}

// NewEmbedder runs the encoder of an imported model, in the precision that its spec names where the backend knows it.
func NewEmbedder(backend compute.Backend, file *modelfile.File) (*encoder.Embedder, error) {
	spec, err := encoder.SpecOf(file)
	if err != nil {
		return nil, err
	}
	m, err := Decode(file.Networks[encoder.EncoderNetwork])
	if err != nil {
		return nil, fmt.Errorf("the model's ONNX network: %w", err)
	}
	if spec.Dim == 0 {
		return nil, fmt.Errorf("the model makes no embeddings: its outputs are %v; import the network again with another output, or pool a map", spec.Outputs)
	}
	if backend, err = inPrecision(backend, spec.Precision); err != nil {
		return nil, err
	}
	part, err := m.Select(backend, spec.Outputs...)
	if err != nil {
		return nil, fmt.Errorf("the model's ONNX network: %w", err)
	}
	return encoder.NewImportedEmbedder(backend, spec, func(images *Node) *Node {
		return pooled(part.Build([]*Node{images}, spec.Outputs)[0], spec.Pool)
	})
}

// inPrecision is the backend for graphs of a precision; a backend that knows no other, as GoMLX's, computes in its own.
func inPrecision(backend compute.Backend, precision string) (compute.Backend, error) {
	if b, ok := backend.(interface {
		At(precision string) (compute.Backend, error)
	}); ok && precision != "" {
		return b.At(precision)
	}
	return backend, nil
}

// pooled makes one vector of each map [n, h, w, c] or list of tokens [n, t, c].
func pooled(x *Node, pool string) *Node {
	switch pool {
	case "mean":
		return ReduceMean(x, identity(x.Rank())[1:x.Rank()-1]...)
	case "cls":
		return Slice(x, AxisRange(), AxisElem(0))
	}
	return x
}
