package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
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
	// Outputs are the tensors wanted, none for the network's only output. An encoder has one, [n, d].
	Outputs []string
	// Distance compares embeddings, see [distance.ByName]; empty means cosine.
	Distance  string
	Normalize bool // scale embeddings to length 1
	// Threshold is the distance up to which two images are the same; nil for none.
	Threshold *float32
	// Landmarks and Detector make the model one for faces in photographs, see [encoder.Spec] and [encoder.DetectorNetwork].
	Landmarks [][2]float64
	Detector  []byte
}

// Import makes a model of a network. It fails when the options do not fit the network; what it says names the choice to make.
func Import(backend compute.Backend, m *Model, o ImportOptions) (*modelfile.File, error) {
	o, err := o.completed(m)
	if err != nil {
		return nil, err
	}
	spec, err := m.spec(backend, o)
	if err != nil {
		return nil, err
	}
	file, err := encoder.NewFile(spec, o.Distance, nil)
	if err != nil {
		return nil, err
	}
	file.Networks = map[string][]byte{encoder.EncoderNetwork: m.Bytes()}
	if o.Detector != nil {
		file.Networks[encoder.DetectorNetwork] = o.Detector
	}
	if o.Threshold != nil {
		file.Calibration = &modelfile.Calibration{Threshold: *o.Threshold}
	}
	return file, nil
}

// spec describes the network as an encoder.
func (m *Model) spec(backend compute.Backend, o ImportOptions) (encoder.Spec, error) {
	spec := encoder.Spec{Arch: encoder.Imported, Normalize: o.Normalize, Outputs: slices.Clone(o.Outputs), Landmarks: o.Landmarks}
	var err error
	for i, name := range spec.Outputs {
		if spec.Outputs[i], err = m.Output(name); err != nil {
			return spec, err
		}
	}
	if spec.Preprocess, err = m.preprocess(*o.Preprocess); err != nil {
		return spec, err
	}
	if batch := m.inputs[0].Shape; batch != nil && batch[0] == 1 {
		spec.OneByOne = true
	}
	dims, err := m.OutputShapes(backend, spec)
	if err == nil && len(dims) == 1 && isEmbedding(dims[0]) {
		spec.Dim = product(dims[0])
	}
	return spec, err
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

// preprocess completes p with the size that the network declares.
func (m *Model) preprocess(p imgproc.Preprocess) (imgproc.Preprocess, error) {
	shape := m.inputs[0].Shape
	if len(m.inputs) != 1 || len(shape) != 4 {
		return p, fmt.Errorf("the network reads %d tensors, the first of shape %v; want one image [n, c, h, w]", len(m.inputs), shape)
	}
	channels, height, width := shape[1], shape[2], shape[3]
	if m.imagesChannelsLast() {
		height, width, channels = shape[1], shape[2], shape[3]
	}
	for _, side := range []struct {
		name      string
		given     *int
		inNetwork int
	}{{"height", &p.Height, height}, {"width", &p.Width, width}, {"channels", &p.Channels, channels}} {
		switch {
		case *side.given == 0 && side.inNetwork == unknownDim:
			return p, fmt.Errorf("the network leaves the %s of its images open: choose one in the preprocessing", side.name)
		case *side.given == 0:
			*side.given = side.inNetwork
		case side.inNetwork != unknownDim && *side.given != side.inNetwork:
			return p, fmt.Errorf("the network reads images of %s %d, the preprocessing says %d", side.name, side.inNetwork, *side.given)
		}
	}
	return p, p.Validate()
}

// OutputShapes are the shapes of spec's outputs for one image, found by recording the graph without running it.
func (m *Model) OutputShapes(backend compute.Backend, spec encoder.Spec) (dims [][]int, err error) {
	part, err := m.Select(backend, spec.Outputs...)
	if err != nil {
		return nil, err
	}
	defer recoverTo(&err)
	g := NewGraph(backend, "shapes")
	defer g.Finalize()
	p := spec.Preprocess
	images := Parameter(g, "images", float32Shape(1, p.Height, p.Width, p.Channels))
	for _, output := range part.Build([]*Node{images}, spec.Outputs) {
		dims = append(dims, slices.Clone(output.Shape().Dimensions))
	}
	return dims, nil
}

func float32Shape(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

// isEmbedding says whether an output for one image is one vector: all axes but one have length 1.
func isEmbedding(shape []int) bool {
	return len(shape) >= 2 && shape[0] == 1 && slices.Max(shape) == product(shape)
}

// NewEmbedder runs the encoder of an imported model.
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
		return nil, fmt.Errorf("the model makes no embeddings: its outputs are %v", spec.Outputs)
	}
	part, err := m.Select(backend, spec.Outputs...)
	if err != nil {
		return nil, fmt.Errorf("the model's ONNX network: %w", err)
	}
	return encoder.NewImportedEmbedder(backend, spec, func(images *Node) *Node {
		return part.Build([]*Node{images}, spec.Outputs)[0]
	})
}
