// Package imgproc turns image files into the numbers an encoder reads: it decodes safely, resizes, crops and warps.
package imgproc

// Image is pixels [h, w, c] as bytes, row by row: c is 1 (grey) or 3 (RGB), 0 is black and 255 is white.
type Image struct {
	H, W, C int
	Pix     []uint8
}
