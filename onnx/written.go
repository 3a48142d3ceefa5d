package onnx

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/modelfile"
)

// Written is a graph to be written as an ONNX file, such as a network of a program's own.
type Written struct {
	Store   *model.Store       // has the variables that Build uses,
	Weights []modelfile.Tensor // and these are their values
	// Inputs are the tensors that Build gets. Images [n, h, w, c] become [n, c, h, w] in the file. The first dimension of all may be -1:
	// a batch of any size, none of whose examples may have a part in what becomes of another.
	Inputs   []ValueInfo
	Outputs  []string          // the names of what Build returns
	Metadata map[string]string // written beside the graph
	Build    func(scope *model.Scope, inputs []*Node) []*Node
}

// Encode makes the file. All operations are standard ones of version 17. The error says which one of the graph has no form there: those
// have that encoders and networks of co-segmentation are made of.
func (w Written) Encode(backend compute.Backend) (data []byte, err error) {
	weights := map[string]*Tensor{}
	for _, t := range w.Weights {
		weights["/"+t.Name] = floatTensor(t.Shape, t.Values)
	}
	failed := exceptions.TryCatch[error](func() {
		var m *Model
		m, err = trace(backend, weights, w.Inputs, w.Outputs, func(in []*Node) []*Node {
			model.SetStore(in[0].Graph(), w.Store)
			return w.Build(w.Store.RootScope(), in)
		})
		if err != nil {
			return
		}
		m.foldNorms()
		m.shareWeights()
		m.dropUnused()
		m.metadata = w.Metadata
		data = m.encode()
	})
	if failed != nil {
		err = failed
	}
	return data, err
}
