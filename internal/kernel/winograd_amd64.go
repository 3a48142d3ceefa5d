package kernel

import "unsafe"

//go:generate go -C ../../asm run ./winograd -out ../internal/kernel/winograd_amd64.s

// The transforms in assembly compute whole vectors, and at least one.

//go:noescape
func winogradWeightsAVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradInputAVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputAVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputGradAVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsGradAVX512(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsAVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradInputAVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputAVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradOutputGradAVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

//go:noescape
func winogradWeightsGradAVX2(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

// withAVX512 gives p with vectors of 16 channels.
func (p patchTransforms) withAVX512() patchTransforms {
	return patchTransforms{
		weights:     p.weights.after(winogradWeightsAVX512, 16),
		input:       p.input.after(winogradInputAVX512, 16),
		output:      p.output.after(winogradOutputAVX512, 16),
		outputGrad:  p.outputGrad.after(winogradOutputGradAVX512, 16),
		weightsGrad: p.weightsGrad.after(winogradWeightsGradAVX512, 16),
	}
}

// withAVX2 gives p with vectors of 8 channels.
func (p patchTransforms) withAVX2() patchTransforms {
	return patchTransforms{
		weights:     p.weights.after(winogradWeightsAVX2, 8),
		input:       p.input.after(winogradInputAVX2, 8),
		output:      p.output.after(winogradOutputAVX2, 8),
		outputGrad:  p.outputGrad.after(winogradOutputGradAVX2, 8),
		weightsGrad: p.weightsGrad.after(winogradWeightsGradAVX2, 8),
	}
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
