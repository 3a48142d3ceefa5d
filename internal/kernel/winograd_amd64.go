package kernel

import "unsafe"

//go:generate go -C ../../asm run ./winograd -out ../internal/kernel/winograd_amd64.s

// The transforms in assembly compute whole vectors, and at least one. The numbers are the taps of a kernel.

//go:noescape
func winogradInputAVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeights3AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutput3AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputGrad3AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsGrad3AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeights4AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutput4AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputGrad4AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsGrad4AVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradInputAVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeights3AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutput3AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputGrad3AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsGrad3AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeights4AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutput4AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputGrad4AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsGrad4AVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

// withPatchesAVX512 gives p with vectors of 16 channels.
func withPatchesAVX512(p [2]patchTransforms) [2]patchTransforms {
	p[0].replace(winogradWeights3AVX512, winogradInputAVX512, winogradOutput3AVX512, winogradOutputGrad3AVX512, winogradWeightsGrad3AVX512, 16)
	p[1].replace(winogradWeights4AVX512, winogradInputAVX512, winogradOutput4AVX512, winogradOutputGrad4AVX512, winogradWeightsGrad4AVX512, 16)
	p[0].cost, p[1].cost = avx512PatchCost, avx512PatchCost
	return p
}

// withPatchesAVX2 gives p with vectors of 8 channels.
func withPatchesAVX2(p [2]patchTransforms) [2]patchTransforms {
	p[0].replace(winogradWeights3AVX2, winogradInputAVX2, winogradOutput3AVX2, winogradOutputGrad3AVX2, winogradWeightsGrad3AVX2, 8)
	p[1].replace(winogradWeights4AVX2, winogradInputAVX2, winogradOutput4AVX2, winogradOutputGrad4AVX2, winogradWeightsGrad4AVX2, 8)
	p[0].cost, p[1].cost = avx2PatchCost, avx2PatchCost
	return p
}

// replace computes whole vectors by assembly.
func (p *patchTransforms) replace(weights, input, output, outputGrad, weightsGrad patchTransform, width int) {
	p.weights, p.input, p.output = p.weights.after(weights, width), p.input.after(input, width), p.output.after(output, width)
	p.outputGrad, p.weightsGrad = p.outputGrad.after(outputGrad, width), p.weightsGrad.after(weightsGrad, width)
}

// after computes whole vectors by assembly and the rest by f.
func (f patchTransform) after(assembly patchTransform, width int) patchTransform {
	return func(dst, src *unsafe.Pointer, dstAt, srcAt, n int) {
		whole := n - n%width
		if whole > 0 {
			assembly(dst, src, dstAt, srcAt, whole)
		}
		if whole < n {
			f(dst, src, dstAt+4*whole, srcAt+4*whole, n-whole)
		}
	}
}
