package onnx

// graphOps are the operations that networks are made of. To add one, write its function in the file of its kind and its row
// here.
var graphOps map[string]graphOp

func init() {
	graphOps = map[string]graphOp{
		// ops_pointwise.go
		"Identity": same, "Dropout": same, "Cast": castGraph,
		"Relu": unary(relu), "Sigmoid": unary(sigmoid), "Tanh": unary(tanh), "Exp": unary(exp), "Log": unary(log),
		"Sqrt": unary(sqrt), "Neg": unary(neg), "Abs": unary(abs), "Reciprocal": unary(reciprocal), "Floor": unary(floor),
		"Ceil": unary(ceil), "Erf": unary(erf), "Softplus": unary(softplus), "HardSwish": unary(hardSwish), "Mish": unary(mish),
		"LeakyRelu": leakyRelu, "Elu": elu, "HardSigmoid": hardSigmoid, "Gelu": gelu, "PRelu": pRelu, "Clip": clip,
		"Add": pairwise(add), "Sub": pairwise(sub), "Mul": pairwise(mul), "Div": pairwise(div), "Pow": pairwise(pow),
		"Min": pairwise(minimum), "Max": pairwise(maximum), "Sum": pairwise(add),
		// ops_conv.go
		"Conv": convolution, "Gemm": gemm, "MatMul": matMul,
		// ops_pool.go
		"MaxPool": maxPool, "AveragePool": averagePool, "GlobalAveragePool": globalAverage, "GlobalMaxPool": globalMax,
		"ReduceMean": reduce(mean), "ReduceSum": reduce(sum), "ReduceMax": reduce(largest), "ReduceMin": reduce(smallest),
		"ReduceL2": reduce(length), "ReduceSumSquare": reduce(sumSquare),
		// ops_norm.go
		"BatchNormalization": batchNorm, "InstanceNormalization": instanceNorm, "LayerNormalization": layerNorm,
		"LpNormalization": lpNorm, "Softmax": softmax, "LogSoftmax": logSoftmax,
		// ops_shape.go
		"Shape": shapeOf, "Reshape": reshapeGraph, "Flatten": flatten, "Squeeze": squeezeGraph, "Unsqueeze": unsqueezeGraph,
		"Transpose": transposeGraph, "Concat": concat, "Slice": slice, "Split": split, "Expand": expandGraph, "Pad": pad,
		"Resize": resize, "Upsample": resize, "DepthToSpace": depthToSpace,
	}
}
