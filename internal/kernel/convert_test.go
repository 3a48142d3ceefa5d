package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestToBFloat16RoundsAsPyTorch(t *testing.T) {
	x := []float32{1, -1, 1.00390625, 1.01171875, 3.14159265, 1e-40, 3.4e38, 65280, float32(math.Copysign(0, -1)), float32(math.Inf(1))}
	want := []uint16{16256, 49024, 16256, 16258, 16457, 1, 32640, 18303, 32768, 32640}
	eachImplementation(t, func(t *testing.T) {
		got := make([]uint16, len(x))
		ToBFloat16(got, x)
		if !slices.Equal(got, want) {
			t.Errorf("ToBFloat16 = %v, want %v", got, want)
		}
	})
}

func TestBFloat16ConversionsGiveThePortableLoopsBits(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 7))
		for n := range 150 {
			x := numbers(rng, n)
			got, check := fenced(t, make([]uint16, n), 777)
			want := make([]uint16, n)
			ToBFloat16(got, x)
			check("ToBFloat16")
			toBFloat16Loop(want, x)
			if !slices.Equal(got, want) {
				t.Fatalf("ToBFloat16(%v) = %v, want %v", x, got, want)
			}
			back, check := fenced(t, make([]float32, n), 12345)
			FromBFloat16(back, got)
			check("FromBFloat16")
			for i, v := range back {
				if !sameBits(v, math.Float32frombits(uint32(want[i])<<16)) {
					t.Fatalf("FromBFloat16(%#x) = %v", want[i], v)
				}
			}
		}
	})
}

func TestFillReachesEveryElement(t *testing.T) {
	for _, n := range []int{0, 1, 5, 2047, 2048, 10_001} {
		x, check := fenced(t, make([]float32, n), 12345)
		Fill(x, 3)
		check("Fill")
		if i := slices.IndexFunc(x, func(v float32) bool { return v != 3 }); i >= 0 {
			t.Errorf("Fill(n=%d)[%d] = %v, want 3", n, i, x[i])
		}
	}
}

func TestTransposeMovesEachElement(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 7))
		for _, size := range [][2]int{{1, 1}, {3, 5}, {16, 16}, {17, 33}, {40, 8}, {0, 4}, {64, 70}} {
			rows, cols := size[0], size[1]
			srcStep, dstStep := cols+3, rows+2
			src := normals(rng, rows*srcStep, 0)
			dst := make([]float32, cols*dstStep)
			Transpose(dst, dstStep, src, srcStep, rows, cols)
			for r := range rows {
				for c := range cols {
					want := src[r*srcStep+c]
					if got := dst[c*dstStep+r]; got != want {
						t.Fatalf("Transpose [%d, %d] at %d, %d = %v, want %v", rows, cols, r, c, got, want)
					}
				}
			}
			for i, v := range dst {
				if i%dstStep >= rows && v != 0 {
					t.Fatalf("Transpose [%d, %d] wrote the gap at %d", rows, cols, i)
				}
			}
		}
	})
}
