package kernel

import "unsafe"

// families is every loop that some set accelerates, those that others call first. Tests break each in turn and want it
// noticed.
var families = []family{
	{name: "conversions", run: runConversions, take: func(set, by *implementation) {
		s, v := &set.vector, &by.vector
		s.toBFloat16, s.fromBFloat16, s.transposeTile = v.toBFloat16, v.fromBFloat16, v.transposeTile
	}},
	{name: "matrix products and convolutions", tolerance: 1e-5, run: runProducts,
		take: func(set, by *implementation) { set.product = by.product }},
	{name: "bfloat16 products", tolerance: 1e-5, run: runPairs,
		take: func(set, _ *implementation) { set.product.pairs = false },
		has:  func(set *implementation) bool { return set.product.pairs }},
	{name: "the matrix unit", tolerance: 1e-5, run: runSquares,
		take: func(set, _ *implementation) { set.product.squares = nil },
		has:  func(set *implementation) bool { return set.product.squares != nil }},
	{name: "minimal filtering", tolerance: 1e-4, run: runPatches,
		take: func(set, by *implementation) { set.patches = by.patches }},
	{name: "element-wise loops", tolerance: 2e-6, run: runElements, take: func(set, by *implementation) {
		s, v := &set.vector, &by.vector
		s.binary, s.binaryScalar, s.scalarBinary, s.unary = v.binary, v.binaryScalar, v.scalarBinary, v.unary
		s.axpy = v.axpy
	}},
	{name: "comparisons and selections", run: runSelections, take: func(set, by *implementation) {
		s, v := &set.vector, &by.vector
		s.compare, s.compareScalar, s.choose, s.chooseScalar = v.compare, v.compareScalar, v.choose, v.chooseScalar
		s.reluGrad = v.reluGrad
	}},
	{name: "reductions and distances", tolerance: 1e-5, run: runReductions, take: func(set, by *implementation) {
		s, v := &set.vector, &by.vector
		s.reduce, s.reduceColumns, s.dot = v.reduce, v.reduceColumns, v.dot
		s.weightedL1, s.signSums, s.l1Sums = v.weightedL1, v.signSums, v.l1Sums
		s.squaredAt, s.dots, s.leastSums = v.squaredAt, v.dots, v.leastSums
	}},
	{name: "normalisation", tolerance: 1e-5, run: runNorm, take: func(set, by *implementation) {
		s, v := &set.vector, &by.vector
		s.moments, s.normalize, s.normalizeRelu = v.moments, v.normalize, v.normalizeRelu
		s.normSums, s.normGrad = v.normSums, v.normGrad
	}},
	{name: "pooling", run: runPool, take: func(set, by *implementation) {
		s, v := &set.vector, &by.vector
		s.takeMax, s.takeMaxArg, s.maxPool2, s.maxPool2Arg = v.takeMax, v.takeMaxArg, v.maxPool2, v.maxPool2Arg
		s.scatterArg, s.reluArg, s.maxPool2Grad = v.scatterArg, v.reluArg, v.maxPool2Grad
	}},
	{name: "the optimizer", tolerance: 1e-6, run: runOptimizer, take: func(set, by *implementation) {
		set.vector.adam = by.vector.adam
	}},
}

// checked is the length of the vectors that are checked: some of the widest ones and an odd rest.
const checked = 77

func runProducts(r *results) {
	var w Workspace
	for _, s := range []GemmShape{{M: 14, N: 43, K: 9}, {M: 5, N: 7, K: 6, TransA: true, TransB: true}} {
		g := NewGemm(s)
		ep := &Epilogue{Scale: r.sample(s.N), Shift: r.sample(s.N), Residual: r.sample(s.M * s.N), Act: LeakyReLU, Slope: 0.25}
		c := make([]float32, s.M*s.N)
		g.RunUnpacked(c, r.sample(s.M*s.K), r.sample(s.K*s.N), ep, 0, g.UnpackedUnits(), &w)
		r.put(c)
	}
	r.convolve(ConvShape{N: 1, H: 3, W: 5, C: 4, KH: 2, KW: 3, F: 35, OH: 2, OW: 5, PadL: 1}, &w)
	r.convolve(ConvShape{N: 1, H: 3, W: 5, C: 35, KH: 2, KW: 3, F: 35, OH: 2, OW: 5, PadL: 1, Groups: 35}, &w)
}

func runPairs(r *results) {
	var w Workspace
	r.convolve(ConvShape{N: 1, H: 4, W: 4, C: 3, KH: 3, KW: 2, F: 35, OH: 2, OW: 3, Precision: BFloat16}, &w)
}

// convolve runs a convolution and its gradient to the weights.
func (r *results) convolve(s ConvShape, w *Workspace) {
	channels := s.C / max(1, s.Groups)
	at := WeightStrides{F: 1, C: s.F, KW: s.F * channels, KH: s.F * channels * s.KW}
	x, weights := r.sample(s.N*s.H*s.W*s.C), r.sample(s.KH*s.KW*channels*s.F)
	c := NewConv(s)
	y, packed := make([]float32, s.N*s.OH*s.OW*s.F), make([]float32, c.PackSize())
	c.Pack(packed, weights, at, 0, c.PackUnits())
	c.Run(y, x, packed, nil, 0, c.Units(), w)
	r.put(y)
	g := NewConvWeightGrad(s)
	partials := make([]float32, g.ScratchSize())
	g.Run(partials, x, r.sample(len(y)), 0, g.Units(), w)
	g.Reduce(weights, partials, at, 0, g.ReduceUnits())
	r.put(weights)
}

func runSquares(r *results) {
	loop := active.product.squares
	if loop == nil {
		loop = squaresPortable
	}
	operands, sums := make([]float32, 2*squareStep), r.sample(2*squareSums)
	ToBFloat16(halvesIn(operands), r.sample(4*squareStep))
	segments := []segment{{0, 0}, {64, squareStep}}
	for accumulate := range 2 {
		loop(&squareWork{
			a: unsafe.Pointer(&operands[0]), aRow: 96, aStep: 64, aNext: 320, b: unsafe.Pointer(&operands[squareStep/2]),
			segments: &segments[0], count: 2, depth: 2, c: &sums[0], squares: 2, accumulate: accumulate,
		})
		r.put(sums)
	}
}

func runPatches(r *results) {
	const channels = 19
	for i := range active.patches {
		p := &active.patches[i]
		for _, k := range []struct {
			transform patchTransform
			to, from  int // sides of the patches
		}{
			{p.weights, patchSize, p.taps}, {p.input, patchSize, patchSize}, {p.output, p.step, patchSize},
			{p.outputGrad, patchSize, p.step}, {p.weightsGrad, p.taps, patchSize},
		} {
			from, to := r.sample(k.from*k.from*channels), make([]float32, k.to*k.to*channels)
			k.transform(pixels(to, channels), pixels(from, channels), 0, 0, channels)
			r.put(to)
		}
	}
}

// pixels points at every pixel of some channels.
func pixels(x []float32, channels int) *unsafe.Pointer {
	list := make([]unsafe.Pointer, len(x)/channels)
	for i := range list {
		list[i] = unsafe.Pointer(&x[i*channels])
	}
	return &list[0]
}

func runElements(r *results) {
	a, b, y := r.sample(checked), r.sample(checked), make([]float32, checked)
	for op := range BinaryOp(binaryOps) {
		Binary(op, y, a, b)
		r.put(y)
		BinaryScalar(op, y, a, 0.75)
		r.put(y)
		ScalarBinary(op, y, 0.75, b)
		r.put(y)
	}
	for op := range UnaryOp(unaryOps) {
		Unary(op, y, a)
		r.put(y)
	}
	Axpy(y, 0.75, a, b)
	r.put(y)
}

func runSelections(r *results) {
	a, b, y, is := r.sample(checked), r.sample(checked), make([]float32, checked), make([]bool, checked)
	copy(b[checked/2:], a[checked/2:])
	for op := range CompareOp(compareOps) {
		Compare(op, is, a, b)
		r.putBools(is)
		CompareScalar(op, is, a, a[5])
		r.putBools(is)
	}
	for i := range is {
		is[i] = i%3 == 0
	}
	Select(y, is, a, b)
	r.put(y)
	SelectScalar(y, is, true, a, 0.5)
	r.put(y)
	ReluGrad(y, b, a)
	r.put(y)
}

func runReductions(r *results) {
	a, b, w := r.sample(checked), r.sample(checked), r.sample(checked)
	rows, sums := r.sample(3*checked), make([]float32, checked)
	for op := range ReduceOp(reduceOps) {
		r.put([]float32{Reduce(op, a)})
		ReduceColumns(op, sums, rows, checked)
		r.put(sums)
	}
	r.put([]float32{Dot(a, b), WeightedL1(a, b, w)})
	SignSums(sums, a, rows, w[:3])
	r.put(sums)
	L1Sums(sums, a, rows, w[:3])
	r.put(sums)
	runSearch(r)
}

func runSearch(r *results) {
	const d, n = 48, 9
	at := []int32{3, 8, 0, 3, 1, 7, 2, 2}
	found := make([]float32, len(at))
	SquaredAt(found, r.sample(d), r.sample(n*d), at)
	runDots(r)
	least := make([]float32, checked)
	LeastSums(least, r.sample(3*checked), r.sample(3))
	r.put(least)
	r.put(found)
}

func runDots(r *results) {
	const d = 32
	x, codes := make([]int8, RowsTogether*d), make([]uint8, DotRows*d)
	for i, v := range r.sample(len(x)) {
		x[i] = int8(v * 63)
	}
	for i, v := range r.sample(len(codes)) {
		codes[i] = uint8(128 + v*63)
	}
	dots, large := make([]int32, RowsTogether*DotRows), make([]uint64, RowsTogether)
	Dots(dots, large, x, codes, []int32{0, 100, -100, 1000})
	for i, dot := range dots {
		r.put([]float32{float32(dot), float32(large[i/DotRows] >> (i % DotRows) & 1)})
	}
}

func runNorm(r *results) {
	const rows = 5
	x, dy, y := r.sample(rows*checked), r.sample(rows*checked), make([]float32, rows*checked)
	mean, scale, shift := r.sample(checked), r.sample(checked), r.sample(checked)
	sums, squares := make([]float32, checked), make([]float32, checked)
	Moments(sums, squares, x, checked)
	r.put(sums)
	r.put(squares)
	for _, relu := range []bool{false, true} {
		Normalize(y, x, mean, scale, shift, relu)
		r.put(y)
	}
	NormSums(sums, squares, dy, x, mean, scale)
	r.put(sums)
	r.put(squares)
	g := NormGrad{Mean: mean, A: scale, B: shift, C: sums}
	g.Apply(y, dy, x)
	r.put(y)
}

func runPool(r *results) {
	const channels = 35
	for _, p := range []Pool{
		{N: 1, H: 4, W: 4, C: channels, KH: 2, KW: 2, OH: 2, OW: 2, StrideH: 2, StrideW: 2},
		{N: 1, H: 3, W: 4, C: channels, KH: 3, KW: 2, OH: 1, OW: 2, StrideH: 3, StrideW: 2},
	} {
		x, y := r.sample(p.H*p.W*channels), make([]float32, p.OH*p.OW*channels)
		arg := make([]uint8, len(y))
		p.Max(Largest, y, nil, x, 0, p.Units())
		r.put(y)
		p.Max(Largest, y, arg, x, 0, p.Units())
		r.put(y)
		p.Relu(y, arg, 0, p.Units())
		r.put(y)
		p.MaxGrad(x, r.sample(len(y)), arg, 0, p.GradUnits())
		r.put(x)
	}
}

func runOptimizer(r *results) {
	p, m, v, g := r.sample(checked), r.sample(checked), r.sample(checked), r.sample(checked)
	for i := range v {
		v[i] = v[i]*v[i] + 0.5
	}
	adam := Adam{
		Rate: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-3, MeanScale: 1.5, VarianceScale: 1.25, L2: 0.01, Decay: 0.02, Rest1: 0.1, Rest2: 0.01,
	}
	adam.Step(p, m, v, g)
	for _, x := range [][]float32{p, m, v} {
		r.put(x)
	}
}

func runConversions(r *results) {
	x, y, halves := r.sample(checked), make([]float32, checked), make([]uint16, checked)
	ToBFloat16(halves, x)
	FromBFloat16(y, halves)
	r.put(y)
	matrix, turned := r.sample(18*20), make([]float32, 18*20)
	Transpose(turned, 18, matrix, 20, 18, 20)
	r.put(turned)
}
