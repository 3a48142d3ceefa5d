package kernel

//go:generate sh -c "cd ../../asm && go run ./vector -isa avx512 -out ../internal/kernel/vector_avx512_amd64.s -stubs ../internal/kernel/vector_avx512_amd64.go -pkg kernel"
//go:generate sh -c "cd ../../asm && go run ./vector -isa avx2 -out ../internal/kernel/vector_avx2_amd64.s -stubs ../internal/kernel/vector_avx2_amd64.go -pkg kernel"

import "golang.org/x/sys/cpu"

// withAVX512 gives s, which has those of AVX2, all loops that AVX-512 has.
func (s vectorSet) withAVX512() vectorSet {
	s.binary = [...]binaryRows{addAVX512, subAVX512, mulAVX512, divAVX512, maxAVX512, minAVX512}
	s.binaryScalar = [...]scalarFunc{addScalarAVX512, subScalarAVX512, mulScalarAVX512, divScalarAVX512, maxScalarAVX512, minScalarAVX512}
	s.scalarBinary = [...]scalarFunc{scalarAddAVX512, scalarSubAVX512, scalarMulAVX512, scalarDivAVX512, scalarMaxAVX512, scalarMinAVX512}
	s.unary = [...]unaryFunc{
		absAVX512, negAVX512, squareAVX512, sqrtAVX512, rsqrtAVX512, reciprocalAVX512, signAVX512, reluAVX512,
		expAVX512, logAVX512, log1pAVX512, logisticAVX512, tanhAVX512, erfAVX512,
	}
	s.axpy = axpyAVX512

	s.compare = [...]compareFunc{equalAVX512, notEqualAVX512, lessAVX512, lessOrEqualAVX512, greaterAVX512, greaterOrEqualAVX512}
	s.compareScalar = [...]compareScalarFunc{
		equalScalarAVX512, notEqualScalarAVX512, lessScalarAVX512,
		lessOrEqualScalarAVX512, greaterScalarAVX512, greaterOrEqualScalarAVX512,
	}
	s.choose, s.chooseScalar = chooseAVX512, chooseScalarAVX512
	s.reluGrad = reluGradAVX512

	s.reduce = [...]func(x []float32) float32{sumAVX512, maximumAVX512, minimumAVX512}
	s.reduceColumns = [...]func(dst, x []float32, rows int){sumColumnsAVX512, maximumColumnsAVX512, minimumColumnsAVX512}
	s.dot = dotAVX512
	s.weightedL1, s.signSums, s.l1Sums = weightedL1AVX512, signSumsAVX512, l1SumsAVX512
	s.squaredAt, s.leastSums = squaredAtAVX512, leastSumsAVX512
	if cpu.X86.HasAVX512VNNI {
		s.dots = dotsAVX512
	}

	s.moments, s.normalize, s.normalizeRelu = momentsAVX512, normalizeAVX512, normalizeReluAVX512
	s.normSums, s.normGrad = normSumsAVX512, normGradAVX512

	s.takeMax, s.takeMaxArg, s.scatterArg = takeMaxAVX512, takeMaxArgAVX512, scatterArgAVX512
	s.reluArg = reluArgAVX512
	s.maxPool2, s.maxPool2Arg, s.maxPool2Grad = maxPool2AVX512, maxPool2ArgAVX512, maxPool2GradAVX512

	s.adam = func(p, m, v, g []float32, a *Adam) { adamAVX512(p, m, v, g, &a.Rate) }
	s.toBFloat16, s.fromBFloat16 = toBFloat16AVX512, fromBFloat16AVX512
	return s
}

// withAVX2 gives s with all loops that AVX2 has. It cannot mask bytes and half words: for loops over these the portable
// loop does the last numbers.
func (s vectorSet) withAVX2() vectorSet {
	s.binary = [...]binaryRows{addAVX2, subAVX2, mulAVX2, divAVX2, maxAVX2, minAVX2}
	s.binaryScalar = [...]scalarFunc{addScalarAVX2, subScalarAVX2, mulScalarAVX2, divScalarAVX2, maxScalarAVX2, minScalarAVX2}
	s.scalarBinary = [...]scalarFunc{scalarAddAVX2, scalarSubAVX2, scalarMulAVX2, scalarDivAVX2, scalarMaxAVX2, scalarMinAVX2}
	s.unary = [...]unaryFunc{
		absAVX2, negAVX2, squareAVX2, sqrtAVX2, rsqrtAVX2, reciprocalAVX2, signAVX2, reluAVX2,
		expAVX2, logAVX2, log1pAVX2, logisticAVX2, tanhAVX2, erfAVX2,
	}
	s.axpy = axpyAVX2

	for op, f := range [...]compareFunc{equalAVX2, notEqualAVX2, lessAVX2, lessOrEqualAVX2, greaterAVX2, greaterOrEqualAVX2} {
		s.compare[op] = thenCompare(f, s.compare[op])
	}
	for op, f := range [...]compareScalarFunc{
		equalScalarAVX2, notEqualScalarAVX2, lessScalarAVX2,
		lessOrEqualScalarAVX2, greaterScalarAVX2, greaterOrEqualScalarAVX2,
	} {
		s.compareScalar[op] = thenCompareScalar(f, s.compareScalar[op])
	}
	s.choose, s.chooseScalar = chooseThenLoop, chooseScalarThenLoop
	s.reluGrad = reluGradAVX2

	s.reduce = [...]func(x []float32) float32{sumAVX2, maximumAVX2, minimumAVX2}
	s.reduceColumns = [...]func(dst, x []float32, rows int){sumColumnsAVX2, maximumColumnsAVX2, minimumColumnsAVX2}
	s.dot = dotAVX2
	s.weightedL1, s.signSums, s.l1Sums = weightedL1AVX2, signSumsAVX2, l1SumsAVX2
	s.squaredAt, s.dots, s.leastSums = squaredAtAVX2, dotsAVX2, leastSumsAVX2

	s.moments, s.normalize, s.normalizeRelu = momentsAVX2, normalizeAVX2, normalizeReluAVX2
	s.normSums, s.normGrad = normSumsAVX2, normGradAVX2

	s.takeMax, s.takeMaxArg, s.scatterArg = takeMaxAVX2, takeMaxArgThenLoop, scatterArgThenLoop
	s.reluArg = reluArgThenLoop
	s.maxPool2, s.maxPool2Arg, s.maxPool2Grad = maxPool2AVX2, maxPool2ArgOrLoop, maxPool2GradOrLoop

	s.adam = func(p, m, v, g []float32, a *Adam) { adamAVX2(p, m, v, g, &a.Rate) }
	s.toBFloat16, s.fromBFloat16 = toBFloat16ThenLoop, fromBFloat16ThenLoop
	s.transposeTile = transposeTileOrLoop
	return s
}
