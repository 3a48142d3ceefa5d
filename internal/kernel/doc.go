// Package kernel holds the inner loops of the CPU backend, on []float32.
//
// Kernels start no goroutines and allocate nothing in the steady state. Long ones are plans: made once per shape, then
// run on any range of independent units, each worker with a [Workspace] of its own. Splitting the units differently
// never changes a bit of the result.
//
// Every loop is written in plain Go first; that portable loop says what it means and is what its assembly is tested
// against. The fastest set that the processor has is chosen at start-up; the environment variable SIAM_CPU=portable,
// avx2 or avx512 forces one.
//
// # Products
//
// One micro-kernel carries matrix products, convolutions and weight gradients: a tile of sums that stay in registers
// while numbers of the left operand are broadcast against two vectors of the right one (see type tile). The left operand
// is never rearranged: a tile finds its rows, and the runs of products within them, through lists of offsets that the
// plan has computed.
//
//   - In a [Conv] a row is an output pixel and a run is a row of the kernel. Pixels that meet the input with the same
//     taps are computed together, across rows and images, so neither padding nor the holes of a dilated input cost a
//     single product.
//   - In a [ConvWeightGrad] a row is a channel of a tap and a run is the part of an image row that this tap meets.
//   - A [Gemm] has one run. With few rows and a transposed right operand it computes the transposed product instead.
//
// With [BFloat16] the numbers are pairs that are neighbours in the direction of the sum; the offsets are the same.
package kernel
