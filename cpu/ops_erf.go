package cpu

import (
	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

func init() { declare(lowerErf, pointwise, compute.OpTypeErf) }

// lowerErf computes a lone error function as it is computed within a chain.
func lowerErf(c *compiler, n *node) bool {
	if !isFloat32(n.inputs...) {
		return false
	}
	var b kernel.ProgramBuilder
	b.Output(erf(&b, b.Vector()))
	c.emitChain(chainRun{
		program: b.Program(), size: n.outputs[0].shape.Size(), cost: erfCost,
		inputs: []ref{c.in(n.inputs[0])}, kinds: []operand{asResult}, outputs: []ref{c.out(n.outputs[0])},
	})
	return true
}

// erfCost is about how many simple operations erf is.
const erfCost = 27

// erf is the error function, within 5e-7: x·P(x²)/Q(x²) for |x| < 4 with the coefficients of XLA's ErfF32, ±1 beyond.
func erf(b *kernel.ProgramBuilder, x kernel.Value) kernel.Value {
	x = clamped(b, x, 4)
	square := b.Unary(kernel.OpSquare, x)
	p := polynomial(b, square, -2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
		-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)
	q := polynomial(b, square, -1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03,
		-1.42647390514189e-02)
	return clamped(b, b.Binary(kernel.OpDiv, b.Binary(kernel.OpMul, x, p), q), 1)
}

// clamped is x within ±limit; what is not a number stays so.
func clamped(b *kernel.ProgramBuilder, x kernel.Value, limit float32) kernel.Value {
	return b.Binary(kernel.OpMin, b.Binary(kernel.OpMax, x, b.Constant(-limit)), b.Constant(limit))
}

// polynomial is that of x with coefficients from the highest power down.
func polynomial(b *kernel.ProgramBuilder, x kernel.Value, coefficients ...float32) kernel.Value {
	sum := b.Constant(coefficients[0])
	for _, c := range coefficients[1:] {
		sum = b.Binary(kernel.OpAdd, b.Binary(kernel.OpMul, sum, x), b.Constant(c))
	}
	return sum
}
