package onnx

// version is how an operation works from a version of ONNX's operations on, up to the next in the list.
type version struct {
	since int
	op    graphOp // nil where it was withdrawn
}

// operations is the table of what networks are made of. To add one, write its function in the file of its kind and its row here.
var operations map[string][]version

// from is an operation that is the same from a version on.
func from(since int, op graphOp) []version { return []version{{since, op}} }

func init() {
	operations = map[string][]version{}
	for _, rows := range []map[string][]version{pointwiseOps(), productOps(), reductionOps(), shapeOps(), quantizedOps()} {
		for name, versions := range rows {
			operations[name] = versions
		}
	}
}

// pointwiseOps compute every number from those at its place.
func pointwiseOps() map[string][]version {
	return map[string][]version{
		// ops_unary.go
		"Identity": from(1, same), "Dropout": from(1, dropout), "Cast": from(6, cast), "CastLike": from(15, castLike),
		"Relu": from(1, unary(relu)), "Sigmoid": from(1, unary(sigmoid)), "Tanh": from(1, unary(tanh)), "Exp": from(1, unary(exp)),
		"Log": from(1, unary(log)), "Sqrt": from(1, unary(sqrt)), "Neg": from(1, unary(neg)), "Abs": from(1, unary(abs)),
		"Reciprocal": from(1, unary(reciprocal)), "Floor": from(1, unary(floor)), "Ceil": from(1, unary(ceil)),
		"Round": from(11, unary(round)), "Sign": from(9, unary(sign)), "Erf": from(9, unary(erf)), "Sin": from(7, unary(sin)),
		"Cos": from(7, unary(cos)), "IsNaN": from(9, unary(isNaN)), "IsInf": from(10, unaryWith(isInf)), "Not": from(1, unary(not)),
		"BitwiseNot": from(18, unary(bitNot)), "Softplus": from(1, unary(softplus)), "Softsign": from(1, unary(softsign)),
		"HardSwish": from(14, unary(hardSwish)), "Mish": from(18, unary(mish)), "Swish": from(24, unaryWith(swish)),
		"LeakyRelu": from(1, unaryWith(leakyRelu)), "Elu": from(1, unaryWith(elu)), "Selu": from(1, unaryWith(selu)),
		"Celu": from(12, unaryWith(celu)), "HardSigmoid": from(1, unaryWith(hardSigmoid)), "Shrink": from(9, unaryWith(shrink)),
		"ThresholdedRelu": from(10, unaryWith(thresholdedRelu)), "Gelu": from(20, unaryWith(gelu)), "Clip": from(1, clip),
		// ops_trigonometry.go
		"Tan": from(7, unary(tan)), "Asin": from(7, unary(asin)), "Acos": from(7, unary(acos)), "Atan": from(7, unary(atan)),
		"Sinh": from(9, unary(sinh)), "Cosh": from(9, unary(cosh)), "Asinh": from(9, unary(asinh)), "Acosh": from(9, unary(acosh)),
		"Atanh": from(9, unary(atanh)),
		// ops_binary.go
		"Add": from(1, pairwise(add)), "Sub": from(1, pairwise(sub)), "Mul": from(1, pairwise(mul)), "Div": from(1, pairwise(div)),
		"Pow": from(1, pow), "Mod": from(10, mod), "Min": from(1, pairwise(minimum)), "Max": from(1, pairwise(maximum)),
		"Sum": from(1, pairwise(add)), "Mean": from(1, meanOf), "And": from(1, pairwise(and)), "Or": from(1, pairwise(or)),
		"Xor": from(1, pairwise(xor)), "Equal": from(1, pairwise(equal)), "Less": from(1, pairwise(less)),
		"LessOrEqual": from(12, pairwise(lessOrEqual)), "Greater": from(1, pairwise(greater)), "GreaterOrEqual": from(12, pairwise(atLeast)),
		"BitShift": from(11, bitShift), "BitwiseAnd": from(18, pairwise(bitAnd)), "BitwiseOr": from(18, pairwise(bitOr)),
		"BitwiseXor": from(18, pairwise(bitXor)), "PRelu": from(1, pRelu), "Where": from(9, where),
	}
}

// productOps are convolutions, products of matrices, pools and norms.
func productOps() map[string][]version {
	return map[string][]version{
		// ops_conv.go and ops_matrix.go
		"Conv": from(1, convolution), "ConvTranspose": from(1, transposedConvolution), "Gemm": from(1, gemm), "MatMul": from(1, matMul),
		"Einsum": from(12, einsum),
		// ops_pool.go
		"MaxPool": from(1, maxPool), "AveragePool": from(1, averagePool), "LpPool": from(2, lpPool),
		"GlobalAveragePool": from(1, overPixels(mean)), "GlobalMaxPool": from(1, overPixels(largest)), "GlobalLpPool": from(2, globalLp),
		"LRN": from(1, localNorm),
		// ops_norm.go
		"BatchNormalization": from(1, batchNorm), "InstanceNormalization": from(1, instanceNorm), "GroupNormalization": from(18, groupNorm),
		"LayerNormalization": from(17, layerNorm), "RMSNormalization": from(23, rmsNorm), "LpNormalization": from(1, lpNorm),
		"MeanVarianceNormalization": from(9, meanVarianceNorm), "Softmax": from(1, softmax), "LogSoftmax": from(1, logSoftmax),
		"Hardmax": from(1, hardmax),
		// ops_recurrent.go
		"RNN": from(7, rnn), "GRU": from(7, gru), "LSTM": from(7, lstm),
	}
}

// reductionOps leave axes out, or look along them.
func reductionOps() map[string][]version {
	return map[string][]version{
		// ops_reduce.go
		"ReduceMean": from(1, reduce(mean)), "ReduceSum": from(1, reduce(sum)), "ReduceMax": from(1, reduce(largest)),
		"ReduceMin": from(1, reduce(smallest)), "ReduceProd": from(1, reduce(multiple)), "ReduceL1": from(1, reduce(sumOfMagnitudes)),
		"ReduceL2": from(1, reduce(length)), "ReduceSumSquare": from(1, reduce(sumSquare)), "ReduceLogSum": from(1, reduce(logSum)),
		"ReduceLogSumExp": from(1, reduce(logSumExp)), "ArgMax": from(1, argMax), "ArgMin": from(1, argMin),
		"CumSum": from(11, cumSum), "TopK": from(1, topK), "OneHot": from(9, oneHot),
	}
}

// shapeOps move numbers, or make them of nothing.
func shapeOps() map[string][]version {
	return map[string][]version{
		// ops_shape.go
		"Shape": from(1, shapeOf), "Size": from(1, sizeOf), "Reshape": from(1, reshape), "Flatten": from(1, flatten),
		"Squeeze": from(1, squeeze), "Unsqueeze": from(1, unsqueeze), "Transpose": from(1, transpose), "Expand": from(8, expand),
		"Tile": from(1, tile), "DepthToSpace": from(1, depthToSpace), "SpaceToDepth": from(1, spaceToDepth),
		// ops_make.go
		"Constant": from(1, constant), "ConstantOfShape": from(9, constantOfShape), "Range": from(11, rangeOf), "EyeLike": from(9, eyeLike),
		"Trilu": from(14, triangle),
		// ops_cut.go
		"Slice": from(1, slice), "Split": from(1, split), "Concat": from(1, concat), "Pad": from(1, pad),
		// ops_gather.go
		"Gather": from(1, gather), "GatherElements": from(11, gatherElements), "GatherND": from(11, gatherND),
		"ScatterElements": from(11, scatterElements), "ScatterND": from(11, scatterND), "Scatter": {{9, scatterElements}, {11, nil}},
		"ReverseSequence": from(10, reverseSequence),
		// ops_sample.go
		"GridSample": from(16, gridSample),
		// ops_resize.go
		"Resize": from(10, resize), "Upsample": {{7, resize}, {10, nil}},
		// ops_control.go
		"If": from(1, branch), "NonZero": from(9, nonZero), "Compress": from(9, compress),
	}
}

// quantizedOps compute with small whole numbers; those of com.microsoft are what ONNX Runtime's tools write.
func quantizedOps() map[string][]version {
	const microsoft = "com.microsoft."
	return map[string][]version{
		// ops_quantize.go
		"QuantizeLinear": from(10, quantize), "DequantizeLinear": from(10, dequantize), "DynamicQuantizeLinear": from(11, dynamicQuantize),
		"MatMulInteger": from(10, matMulInteger), "ConvInteger": from(10, convInteger), "QLinearMatMul": from(10, qLinearMatMul),
		"QLinearConv": from(10, qLinearConv), microsoft + "QuantizeLinear": from(1, quantize), microsoft + "DequantizeLinear": from(1, dequantize),
		microsoft + "QLinearAdd": from(1, quantized(pairwise(add), 2)), microsoft + "QLinearMul": from(1, quantized(pairwise(mul), 2)),
		microsoft + "QLinearSigmoid":           from(1, quantized(unary(sigmoid), 1)),
		microsoft + "QLinearLeakyRelu":         from(1, quantized(unaryWith(leakyRelu), 1)),
		microsoft + "QLinearAveragePool":       from(1, quantized(averagePool, 1)),
		microsoft + "QLinearGlobalAveragePool": from(1, quantized(overPixels(mean), 1)),
	}
}
