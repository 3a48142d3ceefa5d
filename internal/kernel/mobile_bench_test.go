package kernel

import (
	"fmt"
	"testing"
)

// depthwiseLayers are the depthwise convolutions of MobileNetV2 at 224×224 pixels and of MobileFaceNet at 112×112.
func depthwiseLayers() []layer {
	of := func(side, channels, kernel, stride int) layer {
		s := fitted(ConvShape{
			N: 1, H: side, W: side, C: channels, F: channels, Groups: channels, KH: kernel, KW: kernel,
			StrideH: stride, StrideW: stride, PadT: kernel / 2, PadL: kernel / 2,
		})
		return layer{fmt.Sprintf("%dx%dx%d_k%d_s%d", side, side, channels, kernel, stride), s}
	}
	return []layer{
		of(112, 32, 3, 1), of(112, 96, 3, 2), of(56, 144, 3, 1), of(56, 144, 3, 2), of(28, 192, 3, 1),
		of(28, 192, 3, 2), of(14, 384, 3, 1), of(14, 576, 3, 2), of(7, 960, 3, 1), // MobileNetV2
		of(56, 64, 3, 1), of(28, 128, 3, 1), of(14, 256, 3, 1), of(7, 256, 3, 1), // MobileFaceNet
		of(28, 120, 5, 1), of(14, 480, 5, 2),
		{"7x7x512_k7_global", fitted(ConvShape{N: 1, H: 7, W: 7, C: 512, F: 512, Groups: 512, KH: 7, KW: 7})},
	}
}

// pointLayers are 1×1 convolutions of one image, from few channels to many and back.
func pointLayers() []layer {
	var list []layer
	for _, l := range [][3]int{
		{112, 32, 16}, {112, 16, 96}, {56, 96, 24}, {56, 24, 144}, {28, 144, 32}, {28, 32, 192}, {14, 192, 64}, {14, 64, 384},
		{14, 384, 96}, {14, 96, 576}, {7, 576, 160}, {7, 160, 960}, {7, 960, 160}, {7, 960, 320}, {7, 320, 1280}, // MobileNetV2
		{56, 64, 128}, {28, 128, 64}, {14, 128, 256}, {14, 256, 128}, {7, 128, 512}, // MobileFaceNet
	} {
		s := fitted(ConvShape{N: 1, H: l[0], W: l[0], C: l[1], F: l[2], KH: 1, KW: 1})
		list = append(list, layer{fmt.Sprintf("%dx%d_%d_%d", l[0], l[0], l[1], l[2]), s})
	}
	return list
}

// denseLayers are other convolutions of one image: the first ones of these networks, and of YuNet, YOLOX-nano and the
// person-crop networks.
func denseLayers() []layer {
	return []layer{
		{"mobilenet_stem", ConvShape{N: 1, H: 224, W: 224, C: 3, KH: 3, KW: 3, F: 32, OH: 112, OW: 112, StrideH: 2, StrideW: 2}.withDefaults()},
		{"mobilefacenet_stem", fitted(ConvShape{N: 1, H: 112, W: 112, C: 3, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1, StrideH: 2, StrideW: 2})},
		{"yunet_stem", fitted(ConvShape{N: 1, H: 320, W: 320, C: 3, KH: 3, KW: 3, F: 16, PadT: 1, PadL: 1, StrideH: 2, StrideW: 2})},
		{"yolox_stem", fitted(ConvShape{N: 1, H: 208, W: 208, C: 12, KH: 3, KW: 3, F: 16, PadT: 1, PadL: 1})},
		{"person_stem", fitted(ConvShape{N: 1, H: 256, W: 128, C: 3, KH: 7, KW: 7, F: 64, PadT: 3, PadL: 3, StrideH: 2, StrideW: 2})},
		{"head", fitted(ConvShape{N: 1, H: 26, W: 26, C: 64, KH: 3, KW: 3, F: 64, PadT: 1, PadL: 1})},
	}
}

// bytes is the memory that a convolution has to read and write at least once.
func (s ConvShape) bytes() float64 {
	return 4 * float64(s.N*(s.H*s.W*s.C+s.pixels()*s.F)+s.KH*s.KW*s.groupC()*s.F)
}

func BenchmarkDepthwise(b *testing.B) {
	for _, l := range depthwiseLayers() {
		b.Run(l.name, func(b *testing.B) { benchmarkPacked(b, l.shape) })
	}
}

func BenchmarkDepthwiseWeightGradient(b *testing.B) {
	for _, l := range depthwiseLayers() {
		b.Run(l.name, func(b *testing.B) {
			l.shape.N = 16
			benchmarkWeightGradient(b, l.shape)
		})
	}
}

func BenchmarkPoint(b *testing.B) {
	for _, l := range pointLayers() {
		b.Run(l.name, func(b *testing.B) { benchmarkPacked(b, l.shape) })
	}
}

func BenchmarkDense(b *testing.B) {
	for _, l := range denseLayers() {
		b.Run(l.name, func(b *testing.B) { benchmarkPacked(b, l.shape) })
	}
}

func BenchmarkDepthwiseInputGradient(b *testing.B) {
	for _, l := range depthwiseLayers() {
		b.Run(l.name, func(b *testing.B) { benchmarkPacked(b, l.shape.inputGradient()) })
	}
}

// benchmarkPacked times a convolution whose weights stay packed, as in inference.
func benchmarkPacked(b *testing.B, s ConvShape) {
	src, weights := randomFloats(1, s.N*s.H*s.W*s.C), randomFloats(2, s.KH*s.KW*s.groupC()*s.F)
	dst, shift := make([]float32, s.N*s.pixels()*s.F), make([]float32, s.F)
	c, w := NewConv(s), &Workspace{}
	packed := make([]float32, c.PackSize())
	c.Pack(packed, weights, plainWeights(s), 0, c.PackUnits())
	speed := benchmarkFLOPS(b, s.flops(), func() {
		c.Run(dst, src, packed, &Epilogue{Shift: shift, Act: Clip, High: 6}, 0, c.Units(), w)
	})
	b.ReportMetric(speed/s.flops()*s.bytes(), "GB/s")
	b.ReportMetric(float64(c.Units()), "units")
}

func BenchmarkPointPack(b *testing.B) {
	for _, l := range pointLayers() {
		b.Run(l.name, func(b *testing.B) {
			c := NewConv(l.shape)
			weights, packed := randomFloats(2, l.shape.C*l.shape.F), make([]float32, c.PackSize())
			for _, order := range []struct {
				name string
				at   WeightStrides
			}{{"channels_last", plainWeights(c.ConvShape)}, {"channels_first", WeightStrides{C: 1, F: l.shape.C}}} {
				b.Run(order.name, func(b *testing.B) {
					b.SetBytes(int64(4 * len(packed)))
					for b.Loop() {
						c.Pack(packed, weights, order.at, 0, c.PackUnits())
					}
				})
			}
		})
	}
}
