package onnx

import "strings"

// moreOpCases are those of operations that few encoders have, of types other than float32, and of versions 18 to 21.
func moreOpCases() []opCase {
	image := []int{2, 4, 7, 5} // ONNX's order
	bytes := func(shape ...int) *Tensor { return wholes(Uint8, shape...) }
	cases := []opCase{
		{name: "ConvTranspose", op: "ConvTranspose", x: image, others: []*Tensor{numbers(4, 3, 3, 2), numbers(3)}, attributes: attributes{"strides": whole(2, 3), "pads": whole(1, 0, 0, 1), "output_padding": whole(1, 0)}},
		{name: "ConvTranspose grouped", op: "ConvTranspose", x: image, others: []*Tensor{numbers(4, 3, 2, 2)}, attributes: attributes{"group": number(2), "dilations": whole(2, 1)}},
		{name: "Conv of lists", op: "Conv", x: []int{2, 4, 9}, others: []*Tensor{numbers(6, 2, 3), numbers(6)}, attributes: attributes{"group": number(2), "strides": whole(2), "pads": whole(1, 1)}},
		{name: "Conv of volumes", op: "Conv", x: []int{1, 2, 4, 5, 6}, others: []*Tensor{numbers(3, 2, 2, 3, 2)}, attributes: attributes{"strides": whole(1, 2, 2)}},
		{name: "MatMul of a list", op: "MatMul", x: image, others: []*Tensor{numbers(5)}},
		{name: "MatMul that broadcasts", op: "MatMul", x: []int{2, 1, 3, 5}, others: []*Tensor{numbers(4, 5, 2)}},
		{name: "Einsum", op: "Einsum", x: image, others: []*Tensor{numbers(2, 4, 5, 3)}, attributes: attributes{"equation": word("bhqd,bhdk->bqhk")}},
		{name: "Einsum of a trace", op: "Einsum", x: []int{3, 4, 4}, attributes: attributes{"equation": word("...ii->...i")}},
		{name: "Einsum without arrow", op: "Einsum", x: []int{3, 4}, others: []*Tensor{numbers(4, 2), numbers(2)}, attributes: attributes{"equation": word("ab, bc, c")}},
		{name: "MaxPool dilated", op: "MaxPool", x: image, attributes: attributes{"kernel_shape": whole(2, 2), "dilations": whole(2, 3), "pads": whole(1, 0, 0, 1)}},
		{name: "AveragePool of version 19", op: "AveragePool", opset: 19, x: image, attributes: attributes{"kernel_shape": whole(2, 2), "dilations": whole(2, 2), "pads": whole(1, 1, 1, 1)}},
		{name: "LpPool", op: "LpPool", opset: 18, x: image, attributes: attributes{"kernel_shape": whole(2, 3), "p": number(3)}},
		{name: "GlobalLpPool", op: "GlobalLpPool", x: image, attributes: attributes{"p": number(2)}},
		{name: "LRN", op: "LRN", x: image, attributes: attributes{"size": number(3), "alpha": real32(0.1), "bias": real32(2)}},
		{name: "GroupNormalization", op: "GroupNormalization", opset: 21, x: image, others: []*Tensor{numbers(4), numbers(4)}, attributes: attributes{"num_groups": number(2)}},
		{name: "GroupNormalization per group", op: "GroupNormalization", opset: 18, x: image, others: []*Tensor{numbers(2), numbers(2)}, attributes: attributes{"num_groups": number(2)}},
		{name: "RMSNormalization", op: "RMSNormalization", opset: 23, x: image, others: []*Tensor{numbers(5)}},
		{name: "MeanVarianceNormalization", op: "MeanVarianceNormalization", x: image},
		{name: "Hardmax", op: "Hardmax", x: image, attributes: attributes{"axis": number(1)}},
		{name: "RNN", op: "RNN", x: []int{5, 2, 3}, others: []*Tensor{numbers(2, 4, 3), numbers(2, 4, 4), numbers(2, 8)}, attributes: attributes{"hidden_size": number(4), "direction": word("bidirectional")}, outputs: 2},
		{name: "GRU", op: "GRU", x: []int{5, 2, 3}, others: []*Tensor{numbers(1, 12, 3), numbers(1, 12, 4), numbers(1, 24), list32(5, 3)}, attributes: attributes{"hidden_size": number(4), "linear_before_reset": number(1)}, outputs: 2},
		{name: "GRU reverse", op: "GRU", x: []int{5, 2, 3}, others: []*Tensor{numbers(1, 12, 3), numbers(1, 12, 4), numbers(1, 24), list32(2, 5)}, attributes: attributes{"hidden_size": number(4), "direction": word("reverse")}, outputs: 2},
		{name: "LSTM", op: "LSTM", x: []int{5, 2, 3}, others: []*Tensor{numbers(2, 16, 3), numbers(2, 16, 4), numbers(2, 32), nil, numbers(2, 2, 4), numbers(2, 2, 4), numbers(2, 12)}, attributes: attributes{"hidden_size": number(4), "direction": word("bidirectional")}, outputs: 3},

		{name: "ReduceMean of version 18", op: "ReduceMean", opset: 18, x: image, others: []*Tensor{list(-1, 2)}, attributes: attributes{"keepdims": number(0)}},
		{name: "ReduceMax of nothing", op: "ReduceMax", opset: 18, x: image, others: []*Tensor{list()}, attributes: attributes{"noop_with_empty_axes": number(1)}},
		{name: "ReduceProd", op: "ReduceProd", x: image, attributes: attributes{"axes": whole(1)}},
		{name: "ReduceL1", op: "ReduceL1", x: image, attributes: attributes{"axes": whole(-1)}},
		{name: "ReduceLogSumExp", op: "ReduceLogSumExp", x: image, attributes: attributes{"axes": whole(1, 2), "keepdims": number(0)}},
		{name: "ReduceLogSum", op: "ReduceLogSum", x: []int{3, 4}, unit: true, attributes: attributes{"axes": whole(1)}},
		{name: "ArgMax", op: "ArgMax", x: image, attributes: attributes{"axis": number(1)}},
		{name: "ArgMax, the last", op: "ArgMax", kind: Int32, x: image, attributes: attributes{"axis": number(-1), "select_last_index": number(1), "keepdims": number(0)}},
		{name: "ArgMin", op: "ArgMin", kind: Int32, x: image, attributes: attributes{"axis": number(2)}},
		{name: "CumSum", op: "CumSum", x: image, others: []*Tensor{list(-1)}, attributes: attributes{"exclusive": number(1), "reverse": number(1)}},
		{name: "TopK", op: "TopK", x: image, others: []*Tensor{list(3)}, attributes: attributes{"axis": number(2)}, outputs: 2},
		{name: "TopK, the least", op: "TopK", x: image, others: []*Tensor{list(2)}, attributes: attributes{"axis": number(1), "largest": number(0)}, outputs: 2},
		{name: "OneHot", op: "OneHot", kind: Int64, x: []int{2, 5}, others: []*Tensor{list(4), floats(0.5, 2)}, attributes: attributes{"axis": number(1)}},

		{name: "Shape", op: "Shape", x: image, attributes: attributes{"start": number(1), "end": number(-1)}},
		{name: "Size", op: "Size", x: image},
		{name: "Tile", op: "Tile", x: image, others: []*Tensor{list(1, 2, 1, 3)}},
		{name: "SpaceToDepth", op: "SpaceToDepth", x: []int{2, 3, 6, 4}, attributes: attributes{"blocksize": number(2)}},
		{name: "Trilu", op: "Trilu", x: image, others: []*Tensor{single64(-1)}},
		{name: "Trilu below", op: "Trilu", x: image, others: []*Tensor{single64(1)}, attributes: attributes{"upper": number(0)}},
		{name: "EyeLike", op: "EyeLike", x: []int{3, 5}, attributes: attributes{"k": number(1)}},
		{name: "Pad reflects", op: "Pad", x: image, others: []*Tensor{list(0, 0, 2, 3, 0, 0, 1, 4)}, attributes: attributes{"mode": word("reflect")}},
		{name: "Pad repeats the edge", op: "Pad", x: image, others: []*Tensor{list(1, 0, 2, 0, 0, 0, 1, 4)}, attributes: attributes{"mode": word("edge")}},
		{name: "Pad wraps", op: "Pad", opset: 19, x: image, others: []*Tensor{list(2, 3, 1, 4), nil, list(2, 3)}, attributes: attributes{"mode": word("wrap")}},
		{name: "Pad takes away", op: "Pad", opset: 18, x: image, others: []*Tensor{list(-1, 1, 2, -2), single(3), list(-1, 2)}},
		{name: "Split unevenly", op: "Split", opset: 18, x: image, attributes: attributes{"axis": number(2), "num_outputs": number(3)}, outputs: 3},
		{name: "Gather one", op: "Gather", x: image, others: []*Tensor{single64(-1)}, attributes: attributes{"axis": number(2)}},
		{name: "Gather some", op: "Gather", x: image, others: []*Tensor{intTensor(Int64, []int{2, 2}, []int64{3, 0, 0, -4})}, attributes: attributes{"axis": number(1)}},
		{name: "GatherElements", op: "GatherElements", x: []int{3, 4}, others: []*Tensor{intTensor(Int64, []int{2, 4}, []int64{0, 2, -1, 1, 1, 1, 0, -3})}, attributes: attributes{"axis": number(0)}},
		{name: "GatherND", op: "GatherND", x: image, others: []*Tensor{intTensor(Int64, []int{2, 3, 2}, []int64{0, 1, 3, -1, 2, 2, 1, 0, 0, 0, -4, 6})}, attributes: attributes{"batch_dims": number(1)}},
		{name: "ScatterElements", op: "ScatterElements", x: []int{3, 4}, others: []*Tensor{intTensor(Int64, []int{2, 3}, []int64{0, 2, 1, 1, 0, -1}), numbers(2, 3)}, attributes: attributes{"axis": number(0)}},
		{name: "ScatterElements keeps the largest", op: "ScatterElements", opset: 18, x: []int{3, 4}, others: []*Tensor{intTensor(Int64, []int{2, 3}, []int64{0, 0, 1, 1, 1, -1}), numbers(2, 3)}, attributes: attributes{"axis": number(1), "reduction": word("max")}},
		{name: "Scatter", op: "Scatter", opset: 9, x: []int{3, 4}, others: []*Tensor{intTensor(Int64, []int{1, 2}, []int64{1, 2}), numbers(1, 2)}, attributes: attributes{"axis": number(0)}},
		{name: "ScatterND", op: "ScatterND", x: image, others: []*Tensor{intTensor(Int64, []int{2, 2}, []int64{0, 3, 1, -2}), numbers(2, 7, 5)}},
		{name: "ScatterND adds", op: "ScatterND", opset: 18, x: []int{6}, others: []*Tensor{intTensor(Int64, []int{3, 1}, []int64{4, 4, 0}), numbers(3)}, attributes: attributes{"reduction": word("add")}},
		{name: "ReverseSequence", op: "ReverseSequence", x: image, others: []*Tensor{list(2, 1, 0, 2)}, attributes: attributes{"time_axis": number(0), "batch_axis": number(1)}},
		{name: "GridSample", op: "GridSample", opset: 20, x: image, others: []*Tensor{numbers(2, 3, 4, 2)}, attributes: attributes{"mode": word("linear"), "padding_mode": word("border")}},
		{name: "GridSample cubic", op: "GridSample", opset: 16, x: image, others: []*Tensor{numbers(2, 3, 4, 2)}, attributes: attributes{"mode": word("bicubic"), "padding_mode": word("reflection"), "align_corners": number(1)}},
		{name: "GridSample nearest", op: "GridSample", opset: 20, x: image, others: []*Tensor{numbers(2, 3, 4, 2)}, attributes: attributes{"mode": word("nearest")}},
		{name: "Resize version 10", op: "Resize", opset: 10, x: image, others: []*Tensor{floats(1, 1, 1.3, 0.7)}, attributes: attributes{"mode": word("linear")}},
		{name: "Resize nearest version 10", op: "Resize", opset: 10, x: image, others: []*Tensor{floats(1, 1, 1.3, 0.7)}},
		{name: "Resize at ties", op: "Resize", opset: 11, x: image, others: []*Tensor{floats(), floats(1, 1, 1.3, 1.3)}, attributes: attributes{"nearest_mode": word("round_prefer_ceil")}},
		{name: "Resize cubic", op: "Resize", opset: 13, x: image, others: []*Tensor{nil, floats(1, 1, 1.3, 0.7)}, attributes: attributes{"mode": word("cubic"), "exclude_outside": number(1), "cubic_coeff_a": real32(-0.5)}},
		{name: "Resize smoothly", op: "Resize", opset: 18, x: image, others: []*Tensor{nil, floats(1, 1, 0.6, 0.7)}, attributes: attributes{"mode": word("linear"), "antialias": number(1)}},
		{name: "Resize smoothly, cubic", op: "Resize", opset: 18, x: image, others: []*Tensor{nil, floats(1, 1, 0.6, 1.7)}, attributes: attributes{"mode": word("cubic"), "antialias": number(1), "exclude_outside": number(1)}},
		{name: "Resize not larger", op: "Resize", opset: 18, x: image, others: []*Tensor{nil, nil, list(13, 8)}, attributes: attributes{"axes": whole(2, 3), "keep_aspect_ratio_policy": word("not_larger"), "mode": word("linear")}},
		{name: "Resize half_pixel_symmetric", op: "Resize", opset: 19, x: image, others: []*Tensor{nil, floats(1, 1, 1.3, 0.7)}, attributes: attributes{"mode": word("linear"), "coordinate_transformation_mode": word("half_pixel_symmetric")}},
		{name: "Resize a region", op: "Resize", opset: 13, x: image, others: []*Tensor{floats(0, 0, 0.2, -0.1, 1, 1, 0.8, 1.2), nil, list(2, 4, 9, 4)}, attributes: attributes{"mode": word("linear"), "coordinate_transformation_mode": word("tf_crop_and_resize"), "extrapolation_value": real32(7)}},

		{name: "QuantizeLinear", op: "QuantizeLinear", x: image, others: []*Tensor{floats(0.1, 0.02, 0.03, 0.2), wholes(Uint8, 4)}},
		{name: "QuantizeLinear in blocks", op: "QuantizeLinear", opset: 21, x: []int{3, 8}, others: []*Tensor{positive(3, 2), wholes(Int8, 3, 2)}, attributes: attributes{"axis": number(1), "block_size": number(4)}},
		{name: "DequantizeLinear", op: "DequantizeLinear", kind: Uint8, x: image, others: []*Tensor{single(0.05), bytes()}},
		{name: "DequantizeLinear in blocks", op: "DequantizeLinear", opset: 21, kind: Int8, x: []int{3, 8}, others: []*Tensor{positive(3, 2)}, attributes: attributes{"axis": number(1), "block_size": number(4)}},
		{name: "DynamicQuantizeLinear", op: "DynamicQuantizeLinear", x: image, outputs: 3},
		{name: "MatMulInteger", op: "MatMulInteger", kind: Uint8, x: []int{3, 4}, others: []*Tensor{wholes(Int8, 4, 5), bytes(), wholes(Int8, 5)}},
		{name: "ConvInteger", op: "ConvInteger", kind: Uint8, x: image, others: []*Tensor{bytes(3, 4, 3, 3), bytes(), bytes()}, attributes: attributes{"pads": whole(1, 1, 0, 0)}},
		{name: "QLinearMatMul", op: "QLinearMatMul", kind: Uint8, x: []int{3, 4}, others: []*Tensor{single(0.1), bytes(), bytes(4, 5), single(0.2), bytes(), single(0.03), bytes()}},
		{name: "QLinearConv", op: "QLinearConv", kind: Uint8, x: image, others: []*Tensor{single(0.1), bytes(), bytes(3, 4, 2, 2), floats(0.2), bytes(1), single(0.3), bytes(), wholes(Int32, 3)}},
		{name: "Microsoft's QuantizeLinear", op: "QuantizeLinear", domain: "com.microsoft", x: image, others: []*Tensor{single(0.001), wholes(Int16)}},
		{name: "Microsoft's DequantizeLinear", op: "DequantizeLinear", domain: "com.microsoft", kind: Int16, x: image, others: []*Tensor{single(0.001), wholes(Int16)}},
		{name: "QLinearAdd", op: "QLinearAdd", domain: "com.microsoft", kind: Uint8, x: image, others: []*Tensor{single(0.1), bytes(), bytes(4, 7, 5), single(0.2), bytes(), single(0.3), bytes()}},
		{name: "QLinearMul", op: "QLinearMul", domain: "com.microsoft", kind: Uint8, x: image, others: []*Tensor{single(0.1), bytes(), bytes(4, 7, 5), single(0.2), bytes(), single(0.03), bytes()}},
		{name: "QLinearSigmoid", op: "QLinearSigmoid", domain: "com.microsoft", kind: Uint8, x: image, others: []*Tensor{single(0.1), bytes(), single(0.01), bytes()}},
		{name: "QLinearLeakyRelu", op: "QLinearLeakyRelu", domain: "com.microsoft", kind: Int8, x: image, others: []*Tensor{single(0.1), wholes(Int8), single(0.07), wholes(Int8)}, attributes: attributes{"alpha": real32(0.1)}},
		{name: "QLinearAveragePool", op: "QLinearAveragePool", domain: "com.microsoft", kind: Uint8, x: image, others: []*Tensor{single(0.1), bytes(), single(0.07), bytes()}, attributes: attributes{"kernel_shape": whole(3, 2)}},
		{name: "QLinearGlobalAveragePool", op: "QLinearGlobalAveragePool", domain: "com.microsoft", kind: Uint8, x: image, others: []*Tensor{single(0.1), bytes(), single(0.07), bytes()}},

		{name: "Gelu with tanh", op: "Gelu", opset: 20, x: image, attributes: attributes{"approximate": word("tanh")}},
		{name: "Swish", op: "Swish", opset: 24, x: image, attributes: attributes{"alpha": real32(1.5)}},
		{name: "Selu", op: "Selu", x: image}, {name: "Celu", op: "Celu", x: image, attributes: attributes{"alpha": real32(0.7)}},
		{name: "Shrink", op: "Shrink", x: image, attributes: attributes{"lambd": real32(0.3), "bias": real32(0.1)}},
		{name: "ThresholdedRelu", op: "ThresholdedRelu", x: image, attributes: attributes{"alpha": real32(0.4)}},
		{name: "Pow of a fraction", op: "Pow", unit: true, x: image, others: []*Tensor{single(1.5)}},
		{name: "Pow of whole numbers", op: "Pow", kind: Int32, x: image, others: []*Tensor{single(3)}},
		{name: "Mod", op: "Mod", kind: Int64, x: image, others: []*Tensor{list(3, -2, 1, 5, -4)}},
		{name: "Mod as C has it", op: "Mod", x: image, others: []*Tensor{single(0.3)}, attributes: attributes{"fmod": number(1)}},
		{name: "Div of whole numbers", op: "Div", kind: Int64, x: image, others: []*Tensor{list(3, -2, 1, 5, -4)}},
		{name: "Mean", op: "Mean", x: image, others: []*Tensor{numbers(5), numbers(4, 1, 1)}},
		{name: "Where", op: "Where", kind: Bool, x: []int{2, 1, 7, 1}, others: []*Tensor{numbers(4, 1, 5), single(2)}},
		{name: "CastLike", op: "CastLike", x: image, others: []*Tensor{wholes(Int32, 1)}},
		{name: "Cast to bool", op: "Cast", kind: Int32, x: image, attributes: attributes{"to": number(int64(Bool))}},
		{name: "Cast to float16", op: "Cast", x: image, attributes: attributes{"to": number(int64(Float16))}},
		{name: "Less", op: "Less", x: image, others: []*Tensor{numbers(4, 1, 1)}},
		{name: "Equal", op: "Equal", kind: Bool, x: image, others: []*Tensor{wholes(Bool, 5)}},
		{name: "Not", op: "Not", kind: Bool, x: image},
		{name: "IsNaN", op: "IsNaN", opset: 20, x: image},
		{name: "IsInf", op: "IsInf", opset: 20, x: image, attributes: attributes{"detect_negative": number(0)}},
		{name: "BitShift", op: "BitShift", kind: Uint8, x: image, others: []*Tensor{wholes(Uint8, 5)}, attributes: attributes{"direction": word("LEFT")}},
		{name: "BitwiseNot", op: "BitwiseNot", opset: 18, kind: Int32, x: image},
		{name: "Compress", op: "Compress", x: image, others: []*Tensor{wholes(Bool, 7)}, attributes: attributes{"axis": number(2)}},
	}
	for _, op := range strings.Fields("And Or Xor") {
		cases = append(cases, opCase{name: op, op: op, kind: Bool, x: image, others: []*Tensor{wholes(Bool, 4, 1, 5)}})
	}
	for _, op := range strings.Fields("BitwiseAnd BitwiseOr BitwiseXor") {
		cases = append(cases, opCase{name: op, op: op, opset: 18, kind: Int32, x: image, others: []*Tensor{wholes(Int32, 4, 1, 5)}})
	}
	for _, op := range strings.Fields("Greater GreaterOrEqual LessOrEqual Equal Min Max") {
		cases = append(cases, opCase{name: op + " of whole numbers", op: op, kind: Int64, x: image, others: []*Tensor{wholes(Int64, 5)}})
	}
	for _, op := range strings.Fields("Round Sign Sin Cos Tan Atan Sinh Cosh Asinh Softsign") {
		cases = append(cases, opCase{name: op, op: op, x: image})
	}
	for _, op := range strings.Fields("Asin Acos Atanh Log Sqrt") {
		cases = append(cases, opCase{name: op, op: op, unit: true, x: image})
	}
	return cases
}

// wholes are small whole numbers of a type.
func wholes(kind DataType, shape ...int) *Tensor {
	values := make([]int64, product(shape))
	for i, v := range waves(append([]int{}, shape...)...).Values {
		values[i] = int64(kind.near(3 * v))
	}
	return intTensor(kind, shape, values)
}

func list32(v ...int64) *Tensor { return intTensor(Int32, []int{len(v)}, v) }
func single64(v int64) *Tensor  { return intTensor(Int64, nil, []int64{v}) }
