package kernel

import "unsafe"

// Activation is applied to the outputs of a product as they are stored.
type Activation int

// The activations a product can end with. NaN stays NaN.
const (
	NoActivation Activation = iota
	ReLU                    // max(x, 0)
	LeakyReLU               // x if x ≥ 0, else Slope·x, or Slopes[column]·x
	Clip                    // min(max(x, Low), High)
)

// Epilogue is what happens to the outputs of a product or convolution as they are stored:
//
//	c = act(Scale·(sum + c if Accumulate) + Shift + Residual)
//
// or, with ResidualLast, act(…) + Residual.
// A nil Epilogue, or the zero one, stores the sums.
type Epilogue struct {
	Accumulate   bool
	Scale, Shift []float32 // one number per output column; nil means 1 and 0
	Residual     []float32 // laid out like the output; nil means 0
	Act          Activation
	Slope        float32   // of LeakyReLU
	Slopes       []float32 // of LeakyReLU, one number per output column; nil means Slope for all
	Low, High    float32   // of Clip
	ResidualLast bool      // add Residual after the activation, not before
	// Stream writes past the caches, which is faster where the output is much larger than they are and is not read
	// again at once. Outputs that are not aligned to 64 bytes are written as usual.
	Stream bool
}

// check panics unless the epilogue fits an output of size numbers in rows of cols.
func (e *Epilogue) check(size, cols int) {
	if e == nil {
		return
	}
	checkLength("scale", e.Scale, cols)
	checkLength("shift", e.Shift, cols)
	checkLength("slopes", e.Slopes, cols)
	checkLength("residual", e.Residual, size)
}

// apply writes the epilogue into the tile, for outputs that begin at element start of the output and column col of its
// rows, which lie rowStride numbers apart. Partial sums come before it: they overwrite or accumulate, and only the last block of a sum is finished.
func (e *Epilogue) apply(t *tile, start, col, rowStride int, first, last bool) {
	t.flags = 0
	if !first || e != nil && e.Accumulate {
		t.flags |= flagAccumulate
	}
	if e == nil || !last {
		return
	}
	t.flags |= activationFlags[e.Act]
	if e.Stream && uintptr(t.c)%64 == 0 && rowStride%16 == 0 {
		t.flags |= flagStream
	}
	t.slope, t.low, t.high = e.Slope, e.Low, e.High
	if e.Slopes != nil && e.Act == LeakyReLU {
		t.flags ^= flagLeakyReLU | flagSlopes
		t.slopes = unsafe.Pointer(&e.Slopes[col])
	}
	if e.Scale != nil {
		t.flags |= flagScale
		t.scale = unsafe.Pointer(&e.Scale[col])
	}
	if e.Shift != nil {
		t.flags |= flagShift
		t.shift = unsafe.Pointer(&e.Shift[col])
	}
	if e.Residual != nil {
		t.flags |= flagResidual
		if e.ResidualLast {
			t.flags ^= flagResidual | flagResidualLast
		}
		t.residual = unsafe.Pointer(&e.Residual[start])
	}
}

var activationFlags = [...]int{NoActivation: 0, ReLU: flagReLU, LeakyReLU: flagLeakyReLU, Clip: flagClip}
