package metric

import (
	"math"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// againstProxies compares embeddings [n, d] with proxies [classes·k, d], k beside each other for every class, giving pairs
// of n embeddings and as many others as there are classes.
func againstProxies(distance Distance, loss Loss, embeddings, labels, proxies *Node) Pairs {
	k := max(1, loss.Centers)
	n, classes := embeddings.Shape().Dim(0), proxies.Shape().Dim(0)/k
	p := Pairs{
		Distances: distance.Matrix(embeddings, proxies),
		Anchors:   embeddings, Others: proxies,
		AnchorLabels: labels, OtherLabels: ConvertDType(count(embeddings.Graph(), classes), labels.DType()),
	}
	if loss.Pool != nil {
		p.Distances = loss.Pool(Reshape(p.Distances, n, classes, k))
	}
	p.Same = equal(labels, p.OtherLabels)
	p.Different = LogicalNot(p.Same)
	return p
}

// proxiesIn are the values of scope's proxies, for embeddings.
func (o Objective) proxiesIn(scope *model.Scope, embeddings *Node) *Node {
	v := o.proxies(scope, embeddings.Shape().Dim(1))
	return ConvertDType(v.NodeValue(embeddings), embeddings.DType())
}

// proxies is the variable [classes·k, d], which begins as normal numbers drawn from the store's seed.
func (o Objective) proxies(scope *model.Scope, d int) *model.Variable {
	rows := o.Classes * max(1, o.Loss.Centers)
	return Variable(scope, "proxies", func() *tensors.Tensor {
		seed := model.GetParamOr(scope, model.ParamInitialSeed, int64(0))
		random := rand.New(rand.NewPCG(uint64(seed), uint64(rows)))
		values := make([]float32, rows*d)
		for i := range values {
			values[i] = float32(random.NormFloat64() / math.Sqrt(float64(d)))
		}
		return tensors.FromFlatDataAndDimensions(values, rows, d)
	})
}

// Variable is the one of this name in scope, made with its initial value where it is missing.
func Variable(scope *model.Scope, name string, initial func() *tensors.Tensor) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	return scope.VariableWithValue(name, initial())
}
