package kernel

// How many float32 products of the vector unit take as long as one of bfloat16 on the matrix unit, and as packing one number
// for it. The trial that the loop comes from reached 12 of the former (5.0–5.9 against 0.47 TFLOP/s on two cores), of which
// whole convolutions are expected to keep two thirds; packing moves memory. Not measured: no machine with a matrix unit was at
// hand.
const (
	squareProducts = 8
	squarePacking  = 24
)

// squareTime is about how many float32 products take as long as some steps of squares and the packing of some numbers.
func (p Precision) squareTime(steps, packed int) float64 {
	if p == BFloat16x3 {
		steps, packed = 3*steps, 2*packed
	}
	return float64(steps)*squareSums*squareDepth/squareProducts + float64(packed)*squarePacking
}

// GemmSuitsSquares tells whether a product of some precision is fastest on the matrix unit.
func GemmSuitsSquares(s GemmShape, p Precision) bool {
	if !HasSquares() || p == Float32 {
		return false
	}
	g := NewSquareGemm(s, p)
	return active.product.squaresFirst || p.squareTime(g.rowPanels*g.columns*g.steps, s.M*s.K+s.K*s.N) < float64(s.M)*float64(s.N)*float64(s.K)
}

// SuitsSquares tells whether the convolution, in its precision, is fastest on the matrix unit.
func (s ConvShape) SuitsSquares() bool {
	if !HasSquares() || s.Precision == Float32 || !s.suitsSquares() {
		return false
	}
	c := NewSquareConv(s)
	steps := c.N * divideUp(c.outputs, squareSide) * c.columns * c.KH * c.KW * c.channels / squareDepth
	return active.product.squaresFirst || s.Precision.squareTime(steps, c.N*c.pixels*c.channels) < s.otherCost(winogradGain)
}

// WeightGradSuitsSquares tells whether the convolution's gradient to its weights, in its precision, is fastest on the matrix
// unit.
func (s ConvShape) WeightGradSuitsSquares() bool {
	if !HasSquares() || s.Precision == Float32 || !s.suitsSquares() {
		return false
	}
	g := NewSquareWeightGrad(s)
	steps := g.N * g.steps * g.rowPanels * g.columns * g.KH * g.KW
	packed := g.N * squareSide * (g.rowPanels*g.pixels + g.columns*g.steps*squareDepth)
	return active.product.squaresFirst || s.Precision.squareTime(steps, packed) < s.otherCost(winogradGradGain)
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
