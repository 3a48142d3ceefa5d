package siam_test

import (
	"runtime"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
)

// faceSpec is the encoder of the recipe faces.
func faceSpec() encoder.Spec {
	spec := encoder.Resnet()
	spec.Preprocess = imgproc.Preprocess{Height: 64, Width: 64, Channels: 3}
	spec.Widths, spec.MaxPool, spec.Mirror = []int{32, 64, 128, 256}, true, true
	return spec
}

// cropSpec is the encoder of the recipe reid-crops.
func cropSpec() encoder.Spec {
	spec := encoder.Resnet()
	spec.Preprocess = imgproc.Preprocess{Height: 128, Width: 64, Channels: 3}
	spec.Widths, spec.MaxPool = []int{16, 32, 64, 128}, true
	return spec
}

// BenchmarkEmbed is the speed of one model, in images per second: for a lone caller with one image at a time, for one with batches of
// 32, and for 32 goroutines with one image each.
func BenchmarkEmbed(b *testing.B) {
	for name, spec := range map[string]encoder.Spec{"faces": faceSpec(), "koch": encoder.Koch(), "crops": cropSpec()} {
		b.Run(name, func(b *testing.B) { benchmarkEmbed(b, spec) })
	}
}

func benchmarkEmbed(b *testing.B, spec encoder.Spec) {
	spec.PairHead = false
	m, err := siam.New(untrained(b, spec))
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	p := spec.Preprocess
	images := make([]imgproc.Image, 32)
	for i := range images {
		images[i] = imgproc.FromImage(noise(uint64(i), p.Height, p.Width))
	}
	embed := func(b *testing.B, images ...imgproc.Image) {
		if _, err := m.EmbedImages(b.Context(), images); err != nil {
			b.Error(err)
		}
	}
	for n := 1; n <= len(images); n++ { // compile
		embed(b, images[:n]...)
	}
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			embed(b, images[0])
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
	b.Run("batches", func(b *testing.B) {
		for b.Loop() {
			embed(b, images...)
		}
		b.ReportMetric(32*float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
	b.Run("goroutines", func(b *testing.B) {
		b.SetParallelism((32 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				embed(b, images[0])
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
}
