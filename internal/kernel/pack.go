package kernel

// pack copies a matrix of depth rows and cols columns into a panel of the kernels' width, filling up with zeros:
//
//	dst[k·width + j] = src[start + k·kStride + j·jStride]    0 ≤ k < depth, 0 ≤ j < cols
func (k *productKernels) pack(dst []float32, src []float32, start, depth, cols, kStride, jStride int) {
	width := k.cols
	if cols == width && jStride == 1 && depth > 0 {
		_, _ = dst[depth*width-1], src[start+max(0, (depth-1)*kStride)+width-1]
		k.packRows(&dst[0], &src[start], depth, kStride*4)
		return
	}
	if cols < width {
		clear(dst[:depth*width])
	}
	if jStride == 1 {
		for k := range depth {
			at := start + k*kStride
			copy(dst[k*width:][:cols], src[at:at+cols])
		}
		return
	}
	if kStride == 1 && jStride >= depth {
		Transpose(dst, width, src[start:], jStride, cols, depth)
		return
	}
	const block = 16 // rows at a time, a cache line of a transposed src
	for k0 := 0; k0 < depth; k0 += block {
		k1 := min(k0+block, depth)
		for j := range cols {
			at := start + k0*kStride + j*jStride
			for k := k0; k < k1; k++ {
				dst[k*width+j] = src[at]
				at += kStride
			}
		}
	}
}

// unpack is the reverse of pack:
//
//	dst[start + k·kStride + j·jStride] = src[k·width + j]    0 ≤ k < depth, 0 ≤ j < cols
func unpack(dst []float32, start, depth, cols, kStride, jStride int, src []float32, width int) {
	for k := range depth {
		at := start + k*kStride
		row := src[k*width:][:cols]
		if jStride == 1 {
			copy(dst[at:at+cols], row)
			continue
		}
		for _, x := range row {
			dst[at] = x
			at += jStride
		}
	}
}
