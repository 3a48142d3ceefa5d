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
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/encoder"
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

	pairHead = "pair head" // where another model has the name of its distance
)

// Export writes a model's encoder as an ONNX file: images [n, c, h, w], prepared as the metadata says, to embeddings [n, d],
// for any n. Batch normalisation is folded into the convolutions, mirror images are averaged with if the model does so, and all operations are standard ones of version 17. An
// imported network is written as it came.
func Export(backend compute.Backend, file *encoder.File) ([]byte, error) {
	metadata, err := exportMetadata(file)
	if err != nil {
		return nil, err
	}
	if network := file.Networks[encoder.EncoderNetwork]; file.Spec.Arch == encoder.Imported {
		return append(slices.Clone(network), encodeMetadata(metadata)...), nil
	}
	p := file.Spec.Preprocess
	images := ValueInfo{Name: "images", Shape: []int{tracedBatch, p.Height, p.Width, p.Channels}}
	return exportGraph(backend, file, metadata, []ValueInfo{images}, "embedding", func(scope *model.Scope, in []*Node) *Node {
		return buildSingle(scope, file.Spec, in[0])
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
func ExportHead(backend compute.Backend, file *encoder.File) ([]byte, error) {
	if !file.Spec.PairHead {
		return nil, fmt.Errorf("export the pair head: the model has none, its embeddings are compared by the distance %s", file.Distance)
	}
	metadata, err := exportMetadata(file)
	if err != nil {
		return nil, err
	}
	row := []int{tracedBatch, file.Spec.Dim}
	inputs := []ValueInfo{{Name: "a", Shape: row}, {Name: "b", Shape: row}}
	return exportGraph(backend, file, metadata, inputs, "distance", func(scope *model.Scope, in []*Node) *Node {
		return Sigmoid(Neg(encoder.PairHead(scope, in[0], in[1])))
	})
}

// exportGraph traces what build does with the weights of file.
func exportGraph(backend compute.Backend, file *encoder.File, metadata map[string]string, inputs []ValueInfo, output string,
	build func(*model.Scope, []*Node) *Node) (data []byte, err error) {
	store := model.NewStore()
	if err := encoder.SetWeights(backend, store, file.Spec, file.Weights); err != nil {
		return nil, err
	}
	weights := map[string]*Tensor{}
	for _, w := range file.Weights {
		weights["/"+w.Name] = floatTensor(w.Shape, w.Values)
	}
	err = exceptions.TryCatch[error](func() {
		m, err := trace(backend, weights, inputs, output, func(in []*Node) *Node {
			model.SetStore(in[0].Graph(), store)
			return build(store.RootScope(), in)
		})
		if err != nil {
			panic(err)
		}
		m.foldNorms()
		m.shareWeights()
		m.dropUnused()
		m.metadata = metadata
		data = m.encode()
	})
	if err != nil {
		return nil, fmt.Errorf("export %s: %w", file.Spec.Arch, err)
	}
	return data, nil
}

// exportMetadata tells in the file what the graph does not.
func exportMetadata(file *encoder.File) (map[string]string, error) {
	if err := file.Spec.Check(); err != nil {
		return nil, err
	}
	if file.Spec.Arch == encoder.Imported && file.Networks[encoder.EncoderNetwork] == nil {
		return nil, errors.New("the model lacks its ONNX network")
	}
	preprocess, err := json.Marshal(file.Spec.Preprocess)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{metaPreprocess: string(preprocess), metaHash: file.Hash, metaDistance: file.Distance}
	if file.Spec.PairHead {
		metadata[metaDistance] = pairHead
	}
	if len(file.Spec.Landmarks) > 0 {
		landmarks, err := json.Marshal(file.Spec.Landmarks)
		if err != nil {
			return nil, err
		}
		metadata[metaLandmarks] = string(landmarks)
	}
	if file.Spec.Normalize && file.Spec.Arch == encoder.Imported {
		metadata[metaNormalize] = "true"
	}
	if c := file.Calibration; c != nil {
		metadata[metaThreshold] = strconv.FormatFloat(float64(c.Threshold), 'g', -1, 32)
	}
	maps.DeleteFunc(metadata, func(_, value string) bool { return value == "" })
	return metadata, nil
}
