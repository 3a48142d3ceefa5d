package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
)

// The keys of what [Export] writes into a file's metadata: how images are prepared, as JSON like [imgproc.Preprocess]; how
// embeddings are compared; up to which distance two images are the same; where aligned faces have their landmarks, as JSON like
// those of [encoder.Spec]; whether embeddings are to be scaled to length 1 after the network; and the hash of the model.
const (
	metaPreprocess = "siam.preprocess"
	metaDistance   = "siam.distance"
	metaThreshold  = "siam.threshold"
	metaLandmarks  = "siam.landmarks"
	metaNormalize  = "siam.normalize"
	metaHash       = "siam.hash"
)

// export is a model on its way into an ONNX file.
type export struct {
	backend  compute.Backend
	file     *modelfile.File
	spec     encoder.Spec
	metadata map[string]string // tells in the ONNX file what the graph does not
}

func newExport(backend compute.Backend, file *modelfile.File) (export, error) {
	e := export{backend: backend, file: file}
	var err error
	if e.spec, err = encoder.SpecOf(file); err != nil {
		return e, err
	}
	if e.spec.Arch == encoder.Imported && file.Networks[encoder.EncoderNetwork] == nil {
		return e, errors.New("the model lacks its ONNX network")
	}
	e.metadata, err = exportMetadata(file, e.spec)
	return e, err
}

// Export writes a model's encoder as an ONNX file: images [n, c, h, w], prepared as the metadata says, or vectors [n, k], to
// embeddings [n, d], for any n. Batch normalisation is folded into the convolutions, mirror images are averaged with if the model does so, and all
// operations are standard ones of version 17. An imported network is written as it came.
func Export(backend compute.Backend, file *modelfile.File) ([]byte, error) {
	e, err := newExport(backend, file)
	if err != nil {
		return nil, err
	}
	if e.spec.Arch == encoder.Imported {
		return append(slices.Clone(file.Networks[encoder.EncoderNetwork]), encodeMetadata(e.metadata)...), nil
	}
	input := ValueInfo{Name: "images", Shape: e.spec.InputShape(unknownDim)}
	if e.spec.Vector > 0 {
		input.Name = "vectors"
	}
	return e.graph([]ValueInfo{input}, "embedding", func(scope *model.Scope, in []*Node) *Node {
		return buildSingle(scope, e.spec, in[0])
	})
}

// buildSingle is [encoder.Build] image by image: it does not lay mirror images beside the others in one batch.
func buildSingle(scope *model.Scope, spec encoder.Spec, images *Node) *Node {
	if !spec.Mirror {
		return encoder.Build(scope, spec, images)
	}
	spec.Mirror = false
	again := scope.Store().RootScope() // the same weights
	mean := MulScalar(Add(encoder.Build(scope, spec, images), encoder.Build(again, spec, Reverse(images, 2))), 0.5)
	if spec.Normalize {
		const tiny = 1e-12 // as in package encoder
		mean = Mul(mean, Reciprocal(Sqrt(AddScalar(ReduceAndKeep(Square(mean), ReduceSum, -1), tiny))))
	}
	return mean
}

// ExportHead writes a model's pair head as an ONNX file: embeddings "a" and "b", [n, d] each, to distances [n], which are
// 1 − P(same).
func ExportHead(backend compute.Backend, file *modelfile.File) ([]byte, error) {
	e, err := newExport(backend, file)
	if err != nil {
		return nil, err
	}
	if !e.spec.PairHead {
		return nil, fmt.Errorf("export the pair head: the model has none, its embeddings are compared by the distance %s", file.Distance)
	}
	row := []int{unknownDim, e.spec.Dim}
	inputs := []ValueInfo{{Name: "a", Shape: row}, {Name: "b", Shape: row}}
	return e.graph(inputs, "distance", func(scope *model.Scope, in []*Node) *Node {
		return Sigmoid(Neg(encoder.PairHead(scope, in[0], in[1])))
	})
}

// graph writes what build does with the model's weights.
func (e export) graph(inputs []ValueInfo, output string, build func(*model.Scope, []*Node) *Node) ([]byte, error) {
	store := model.NewStore()
	if err := encoder.SetWeights(e.backend, store, e.spec, e.file.Weights); err != nil {
		return nil, err
	}
	one := func(scope *model.Scope, in []*Node) []*Node { return []*Node{build(scope, in)} }
	data, err := Written{store, e.file.Weights, inputs, []string{output}, e.metadata, one}.Encode(e.backend)
	if err != nil {
		return nil, fmt.Errorf("export %s: %w", e.spec.Arch, err)
	}
	return data, nil
}

func exportMetadata(file *modelfile.File, spec encoder.Spec) (map[string]string, error) {
	metadata := map[string]string{metaHash: file.Hash, metaDistance: file.Distance}
	if spec.Vector == 0 {
		preprocess, err := json.Marshal(spec.Preprocess)
		if err != nil {
			return nil, err
		}
		metadata[metaPreprocess] = string(preprocess)
	}
	if spec.PairHead {
		metadata[metaDistance] = distance.PairHeadName
	}
	if len(spec.Landmarks) > 0 {
		landmarks, err := json.Marshal(spec.Landmarks)
		if err != nil {
			return nil, err
		}
		metadata[metaLandmarks] = string(landmarks)
	}
	if spec.Normalize && spec.Arch == encoder.Imported {
		metadata[metaNormalize] = "true"
	}
	if c := file.Calibration; c != nil {
		metadata[metaThreshold] = strconv.FormatFloat(float64(c.Threshold), 'g', -1, 32)
	}
	maps.DeleteFunc(metadata, func(_, value string) bool { return value == "" })
	return metadata, nil
}
