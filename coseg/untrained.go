package coseg

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
)

// IsMaps says whether a file is of an imported encoder of feature maps, whose model is [Model.Untrained].
func IsMaps(file *modelfile.File) bool {
	from, err := encoder.SpecOf(file)
	return err == nil && from.Arch == encoder.Imported && from.Preprocess.Channels == 3 && from.Dim == 0
}

// newUntrained makes a model of an imported encoder's file whose network has feature maps. It has learned nothing of masks.
func newUntrained(backend compute.Backend, file *modelfile.File) (*Model, error) {
	from, err := encoder.SpecOf(file)
	if err != nil || !IsMaps(file) {
		return nil, errors.New("the model is an encoder of embeddings: want one that siam train coseg-small wrote, or one of feature maps that siam import --onnx FILE --output s4,s8,s16,s32 wrote")
	}
	decoded, err := onnx.Decode(file.Networks[encoder.EncoderNetwork])
	if err != nil {
		return nil, fmt.Errorf("the encoder's ONNX network: %w", err)
	}
	network := Network{Spec: Spec{Arch: Pyramid, Preprocess: from.Preprocess, Outputs: from.Outputs}}
	if network.Imported, err = decoded.Select(backend, from.Outputs...); err != nil {
		return nil, fmt.Errorf("the encoder's ONNX network: %w", err)
	}
	m := &Model{Spec: network.Spec, Untrained: true, store: model.NewStore(), Threshold: DefaultPresence}
	return m, m.build(backend, network)
}

// build compiles the parts of the network.
func (m *Model) build(backend compute.Backend, network Network) error {
	err := exceptions.TryCatch[error](func() {
		m.encode = model.MustNewExec(backend, m.store, func(scope *model.Scope, images *Node) []*Node { return network.Encode(scope, images) })
		m.correlate = model.MustNewExec(backend, m.store, func(_ *model.Scope, maps []*Node) *Node {
			return Correlation(maps[0], maps[1], MaxDisplacement(max(maps[0].Shape().Dim(1), maps[0].Shape().Dim(2))))
		})
		m.compare = model.MustNewExec(backend, m.store, func(scope *model.Scope, maps []*Node) *Node {
			return network.Compare(scope, maps[:len(maps)/2], maps[len(maps)/2:])
		})
	})
	if err != nil {
		return fmt.Errorf("build the network: %w", err)
	}
	for _, part := range []*model.Exec{m.encode, m.correlate, m.compare} {
		part.SetMaxCache(-1)
	}
	return nil
}
