package imgproc

import (
	"image/color"
	"testing"
)

func TestTurnYCbCrIsTheStandardLibrarys(t *testing.T) {
	row := make([]uint8, 3*256)
	for y := range 256 {
		for cb := range 256 {
			for cr := range 256 {
				copy(row[3*cr:], []uint8{uint8(y), uint8(cb), uint8(cr)})
			}
			turnYCbCr(row)
			for cr := range 256 {
				r, g, b := color.YCbCrToRGB(uint8(y), uint8(cb), uint8(cr))
				if got := row[3*cr:][:3]; got[0] != r || got[1] != g || got[2] != b {
					t.Fatalf("colours of %d, %d, %d are %v, want %d, %d, %d", y, cb, cr, got, r, g, b)
				}
			}
		}
	}
}
