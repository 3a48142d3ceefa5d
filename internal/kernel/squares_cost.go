package kernel

// What takes as long as some float32 products of the vector unit, as its costs are reckoned here. Measured on the layers of
// Conv4 and Koch's net on an Intel Xeon (Emerald Rapids) whose cores other guests of the machine used too.
const (
	squareProducts = 10 // of bfloat16 on the matrix unit, as long as one
	squareRounding = 20 // to round a number and write it where the matrix unit reads it
	squarePairing  = 20 // and to turn it, or to write it to two lists of pairs
	squareStoring  = 25 // to store an output from its square
)

// squareTime is the time of some steps of squares, of preparing operands, and of storing some outputs.
func (p Precision) squareTime(steps, preparing, outputs int) float64 {
	if p == BFloat16x3 {
		steps, preparing = 3*steps, 2*preparing
	}
	return float64(steps)*squareSums*squareDepth/squareProducts + float64(preparing) + float64(outputs)*squareStoring
}

// GemmSuitsSquares tells whether a product of some precision is fastest on the matrix unit. If B is kept, it is packed once
// for many products.
func GemmSuitsSquares(s GemmShape, p Precision, kept bool) bool {
	if !HasSquares() || p == Float32 {
		return false
	}
	g := NewSquareGemm(s, p)
	preparing := s.M * s.K * squareRounding
	switch {
	case kept:
	case g.SuitsOnce():
		preparing += s.K * s.N * squareRounding
	default:
		preparing += s.K * s.N * squarePairing
	}
	return active.product.squaresFirst || p.squareTime(g.rowPanels*g.columns*g.steps, preparing, s.M*s.N) < float64(s.M)*float64(s.N)*float64(s.K)
}

// SuitsSquares tells whether the convolution, in its precision, is fastest on the matrix unit.
func (s ConvShape) SuitsSquares() bool {
	if !HasSquares() || s.Precision == Float32 || !s.suitsSquares() || s.Way == Direct || s.Way == Minimal {
		return false
	}
	c := NewSquareConv(s)
	steps := c.N * divideUp(c.outputs, squareSide) * c.columns * c.KH * c.KW * c.channels / squareDepth
	time := s.Precision.squareTime(steps, c.N*c.pixels*c.channels*squareRounding, c.N*c.OH*c.OW*c.F)
	return active.product.squaresFirst || s.Way == Squares || time < s.otherCost(winogradGain)
}

// WeightGradSuitsSquares tells whether the convolution's gradient to its weights, in its precision, is fastest on the matrix
// unit.
func (s ConvShape) WeightGradSuitsSquares() bool {
	if !HasSquares() || s.Precision == Float32 || !s.suitsSquares() || s.Way == Direct || s.Way == Minimal {
		return false
	}
	g := NewSquareWeightGrad(s)
	steps := g.N * g.steps * g.rowPanels * g.columns * g.KH * g.KW
	packed := g.N * squareSide * (g.columns*2*g.pairs + g.rowPanels*g.steps*squareDepth)
	time := s.Precision.squareTime(steps, packed*squarePairing, g.KH*g.KW*g.C*g.F)
	return active.product.squaresFirst || s.Way == Squares || time < s.otherCost(winogradGradGain)
}

// otherCost is that of the convolution without the matrix unit.
func (s ConvShape) otherCost(gain float64) float64 {
	s = s.withDefaults()
	k := &active.product
	if t := s.fastestPatches(k, gain); t != nil {
		return s.winogradCost(t, k.cols)
	}
	return s.directCost(k)
}
