package cpu

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
)

// Recording of GoMLX's fused operations. All but FusedDense in float32 run on the Go backend.

type (
	layerNormAttrs struct {
		axes        []int
		epsilon     float64
		gamma, beta bool
	}
	denseAttrs struct {
		config compute.DenseConfig
		bias   bool
	}
	quantizedAttrs struct {
		quantization compute.Quantization // its values are operands
		activation   compute.ActivationType
		scale, zero  bool
		bias         bool
	}
	qkvAttrs struct {
		queryDim, keyValueDim int
		q, k, v               bool
	}
)

// optional appends the operands that are there to list.
func optional(list []compute.Value, operands ...compute.Value) []compute.Value {
	for _, v := range operands {
		if v != nil {
			list = append(list, v)
		}
	}
	return list
}

// taker hands out the operands of a replay in the order optional put them.
type taker []compute.Value

// next is the next operand if there is one for this place, nil otherwise.
func (t *taker) next(there bool) compute.Value {
	if !there {
		return nil
	}
	v := (*t)[0]
	*t = (*t)[1:]
	return v
}

// FusedSoftmax implements compute.Function.
func (f *Function) FusedSoftmax(x compute.Value, axis int) (compute.Value, error) {
	return f.record1(compute.OpTypeFusedSoftmax, axis, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.FusedSoftmax(in[0], axis)
	}, x)
}

// FusedGelu implements compute.Function.
func (f *Function) FusedGelu(x compute.Value, exact bool) (compute.Value, error) {
	return f.record1(compute.OpTypeFusedGelu, exact, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.FusedGelu(in[0], exact)
	}, x)
}

// FusedLayerNorm implements compute.Function.
func (f *Function) FusedLayerNorm(x compute.Value, axes []int, epsilon float64, gamma, beta compute.Value) (compute.Value, error) {
	a := layerNormAttrs{slices.Clone(axes), epsilon, gamma != nil, beta != nil}
	return f.record1(compute.OpTypeFusedLayerNorm, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		rest := taker(in[1:])
		return g.FusedLayerNorm(in[0], a.axes, epsilon, rest.next(a.gamma), rest.next(a.beta))
	}, optional([]compute.Value{x}, gamma, beta)...)
}

// FusedDense implements compute.Function. In float32 it is recorded as the operations it stands for, which are fused
// again later.
func (f *Function) FusedDense(x, weight, bias compute.Value, config compute.DenseConfig) (compute.Value, error) {
	operands, err := f.values("FusedDense", optional([]compute.Value{x, weight}, bias))
	if err != nil {
		return nil, err
	}
	if isFloat32(operands...) && config.Activation <= compute.ActivationRelu && config.Activation != compute.ActivationGelu {
		return f.dense(operands, config)
	}
	a := denseAttrs{config, bias != nil}
	return f.record1(compute.OpTypeFusedDense, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		rest := taker(in[2:])
		return g.FusedDense(in[0], in[1], rest.next(a.bias), config)
	}, optional([]compute.Value{x, weight}, bias)...)
}

// dense records max(x·w + bias, 0), the bias and the maximum optional. The operands are x, w and perhaps the bias.
func (f *Function) dense(operands []*value, config compute.DenseConfig) (compute.Value, error) {
	x, w := operands[0], operands[1]
	axis := 0
	if config.WeightLayout == compute.DenseLayoutOutputsInput {
		axis = w.shape.Rank() - 1
	}
	y, err := f.DotGeneral(x, []int{x.shape.Rank() - 1}, nil, w, []int{axis}, nil, compute.DotGeneralConfig{})
	if err == nil && len(operands) == 3 {
		y, err = f.addBias(y, operands[2])
	}
	if err != nil || config.Activation == compute.ActivationNone {
		return y, err
	}
	zero, err := f.Constant([]float32{0})
	if err != nil {
		return nil, err
	}
	return f.Max(y, zero)
}

// addBias adds a bias whose axes are the last ones of y.
func (f *Function) addBias(y compute.Value, bias *value) (compute.Value, error) {
	rank := y.(*value).shape.Rank()
	dims := append(orOnes(nil, max(rank-bias.shape.Rank(), 0)), bias.shape.Dimensions...)
	row, err := f.Reshape(bias, dims...)
	if err != nil {
		return nil, err
	}
	return f.Add(y, row)
}

// FusedQuantizedDense implements compute.Function.
func (f *Function) FusedQuantizedDense(x, weights, bias compute.Value, quantization *compute.Quantization, activation compute.ActivationType) (compute.Value, error) {
	a, scale, zero, err := splitQuantization(quantization)
	if err != nil {
		return nil, err
	}
	a.activation, a.bias = activation, bias != nil
	return f.record1(compute.OpTypeFusedQuantizedDense, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		rest := taker(in[2:])
		q := a.quantization
		q.Scale, q.ZeroPoint = rest.next(a.scale), rest.next(a.zero)
		return g.FusedQuantizedDense(in[0], in[1], rest.next(a.bias), &q, activation)
	}, optional([]compute.Value{x, weights}, scale, zero, bias)...)
}

// QuantizedEmbeddingLookup implements compute.Function.
func (f *Function) QuantizedEmbeddingLookup(data, indices compute.Value, quantization *compute.Quantization) (compute.Value, error) {
	a, scale, zero, err := splitQuantization(quantization)
	if err != nil {
		return nil, err
	}
	return f.record1(compute.OpTypeQuantizedEmbeddingLookup, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		rest := taker(in[2:])
		q := a.quantization
		q.Scale, q.ZeroPoint = rest.next(a.scale), rest.next(a.zero)
		return g.QuantizedEmbeddingLookup(in[0], in[1], &q)
	}, optional([]compute.Value{data, indices}, scale, zero)...)
}

// splitQuantization separates the operands of a quantization from its settings.
func splitQuantization(q *compute.Quantization) (a quantizedAttrs, scale, zero compute.Value, err error) {
	if q == nil {
		return a, nil, nil, errors.New("cpu backend: a quantized operation needs its quantization, got nil")
	}
	a.quantization, a.scale, a.zero = *q, q.Scale != nil, q.ZeroPoint != nil
	a.quantization.Scale, a.quantization.ZeroPoint = nil, nil
	return a, q.Scale, q.ZeroPoint, nil
}

// FusedAttentionQKVProjection implements compute.Function.
func (f *Function) FusedAttentionQKVProjection(x, wQKV, biasQ, biasK, biasV compute.Value, queryDim, keyValueDim int) (query, key, value compute.Value, err error) {
	a := qkvAttrs{queryDim, keyValueDim, biasQ != nil, biasK != nil, biasV != nil}
	outputs, err := f.record(compute.OpTypeFusedAttentionQKVProjection, a, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		rest := taker(in[2:])
		q, k, v, err := g.FusedAttentionQKVProjection(in[0], in[1], rest.next(a.q), rest.next(a.k), rest.next(a.v), queryDim, keyValueDim)
		return []compute.Value{q, k, v}, err
	}, optional([]compute.Value{x, wQKV}, biasQ, biasK, biasV)...)
	if err != nil {
		return nil, nil, nil, err
	}
	return outputs[0], outputs[1], outputs[2], nil
}
