package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// arithmetic lists the operations on numbers, beside those with loops for elements, that run in float32.
var arithmetic = map[compute.OpType]bool{
	compute.OpTypeWhere: true, compute.OpTypeReduceSum: true, compute.OpTypeReduceMax: true, compute.OpTypeReduceMin: true,
	compute.OpTypeReduceProduct: true, compute.OpTypeReduceWindow: true, compute.OpTypeSelectAndScatterMax: true,
	compute.OpTypeSelectAndScatterMin: true, compute.OpTypeConvGeneral: true, compute.OpTypeDotGeneral: true,
	compute.OpTypeBatchNormForTraining: true, compute.OpTypeBatchNormForInference: true, compute.OpTypeBatchNormGradient: true,
	compute.OpTypeArgMinMax: true, compute.OpTypeConvertDType: true, compute.OpTypeRem: true, compute.OpTypeAtan2: true,
	compute.OpTypeFusedSoftmax: true, compute.OpTypeFusedGelu: true, compute.OpTypeFusedLayerNorm: true, compute.OpTypeFusedDense: true,
}

// isArithmetic reports whether an operation may run in float32 if its operands are halves.
func isArithmetic(op compute.OpType) bool {
	_, binary := binaryOps[op]
	_, unary := unaryOps[op]
	_, comparison := compareOps[op]
	return binary || unary || comparison || arithmetic[op] || mappings[mappingKey{op, dtypes.Float32}] != nil
}

func isHalf(v *value) bool {
	return v.shape.DType == dtypes.Float16 || v.shape.DType == dtypes.BFloat16
}

// widens reports whether n takes or gives v as float32: numbers of half precision, and booleans to be pooled.
func (n *node) widens(v *value) bool {
	return isHalf(v) || n.op == compute.OpTypeReduceWindow && v.shape.DType == dtypes.Bool
}

// widenHalves makes arithmetic on half-precision numbers run in float32, each result rounded once.
func (g *body) widenHalves() {
	by := map[*value]*value{}
	wide := map[*value]*value{}
	var made []*node
	for _, n := range g.nodes {
		if !isArithmetic(n.op) || n.op == compute.OpTypeConvertDType && isFloat32(n.inputs[0]) || !n.widensSome() {
			continue
		}
		m := n.inFloat32()
		made = append(made, m)
		for _, v := range n.inputs {
			if n.widens(v) {
				if wide[v] == nil {
					wide[v] = convertTo(v, dtypes.Float32, n.position)
					made = append(made, wide[v].node)
				}
				v = wide[v]
			}
			m.inputs = append(m.inputs, v)
		}
		for _, v := range n.outputs {
			if !n.widens(v) {
				by[v] = m.output(v.shape)
				continue
			}
			shape := v.shape.Clone()
			shape.DType = dtypes.Float32
			by[v] = convertTo(m.output(shape), v.shape.DType, n.position)
		}
	}
	if len(by) > 0 {
		g.nodes = append(g.nodes, made...)
		g.redirect(by)
		g.order(asRecorded)
	}
}

// widensSome reports whether a node widens an operand or a result.
func (n *node) widensSome() bool {
	return slices.ContainsFunc(n.inputs, n.widens) || slices.ContainsFunc(n.outputs, n.widens)
}

// inFloat32 is a node without operands and results that does in float32 what n does.
func (n *node) inFloat32() *node {
	m := &node{op: n.op, fn: n.fn, attrs: n.attrs, replay: n.replay, position: n.position}
	switch a := n.attrs.(type) {
	case dotAttrs:
		a.config = compute.DotGeneralConfig{}
		m.attrs, m.replay = a, a.replay
	case dtypes.DType: // of a conversion
		if isHalf(n.outputs[0]) {
			m.attrs, m.replay = dtypes.Float32, convertReplay(dtypes.Float32)
		}
	}
	return m
}

func convertReplay(to dtypes.DType) replay {
	return func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(g.ConvertDType(in[0], to))
	}
}

// convertTo is v as numbers of another type.
func convertTo(v *value, to dtypes.DType, position int) *value {
	n := &node{op: compute.OpTypeConvertDType, fn: v.node.fn, attrs: to, replay: convertReplay(to), position: position, inputs: []*value{v}}
	return n.output(shapes.Make(to, v.shape.Dimensions...))
}
