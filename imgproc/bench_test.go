package imgproc

import (
	"math/rand/v2"
	"testing"
)

// drawing is a 105×105 page with a few dark bars, like a character of Omniglot.
func drawing(seed uint64) Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := Filled(105, 105, 1, 255)
	for range 4 {
		y, x := 10+rng.IntN(60), 10+rng.IntN(60)
		for i := range 25 {
			for t := range 3 {
				m.Pix[(y+i)*m.W+x+t] = 0
				m.Pix[(y+t)*m.W+x+i] = 0
			}
		}
	}
	return m
}

func BenchmarkApply28(b *testing.B) { benchmarkWarp(b, 28, Identity()) }
func BenchmarkApply56(b *testing.B) { benchmarkWarp(b, 56, Identity()) }
func BenchmarkWarp28(b *testing.B)  { benchmarkWarp(b, 28, Rotation(7)) }
func BenchmarkWarp56(b *testing.B)  { benchmarkWarp(b, 56, Rotation(7)) }
func BenchmarkWarp105(b *testing.B) { benchmarkWarp(b, 105, Rotation(7)) }

func benchmarkWarp(b *testing.B, side int, a Affine) {
	p := Preprocess{Height: side, Width: side, Channels: 1}
	dst := make([]float32, p.Size())
	m := drawing(1)
	b.ReportAllocs()
	for b.Loop() {
		p.Warp(dst, m, a)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
