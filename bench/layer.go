// Package bench measures this project's engine on the work that other software is measured on. Its programs are bench/peers and
// bench/ort, side by side with PyTorch and ONNX Runtime, and bench/layers, the products of whole networks one by one.
package bench

import (
	"fmt"
	"slices"
)

// Layer is a convolution of n images [h, w, c] with a square kernel to c' filters, or, for 1×1 pixels, a dense layer.
type Layer struct {
	Name    string
	N       int // images
	H, W, C int // input
	Kernel  int // side, pixels
	Filters int
	Stride  int  // 0 means 1
	Same    bool // zeros around the image, (Kernel−1)/2 on each side; otherwise only whole windows count
}

// Padding is the zeros on each side of an image, in pixels.
func (l Layer) Padding() int {
	if l.Same {
		return (l.Kernel - 1) / 2
	}
	return 0
}

// Output is the height and width of the feature maps.
func (l Layer) Output() (h, w int) {
	stride, outside := max(1, l.Stride), l.Kernel-2*l.Padding()
	return (l.H-outside)/stride + 1, (l.W-outside)/stride + 1
}

// FLOPs is the number of multiplications and additions that the forward product needs, none of them with padding. The
// gradients to the input and to the weights need as many.
func (l Layer) FLOPs() float64 {
	h, w := l.Output()
	return 2 * float64(l.N*l.C*l.Filters) * float64(l.taps(h, l.H)*l.taps(w, l.W))
}

// taps counts, along one axis, the pairs of an output pixel and a kernel pixel that meet the image.
func (l Layer) taps(out, in int) int {
	count := 0
	for o := range out {
		first := o*max(1, l.Stride) - l.Padding()
		count += min(first+l.Kernel, in) - max(first, 0)
	}
	return count
}

// ForwardFLOPs is that of all products of a network.
func ForwardFLOPs(net []Layer) float64 {
	var sum float64
	for _, l := range net {
		sum += l.FLOPs()
	}
	return sum
}

// TrainingFLOPs is that of all products of a training step: forward, gradients to the weights, and gradients to the inputs of
// all layers but the first.
func TrainingFLOPs(net []Layer) float64 { return 3*ForwardFLOPs(net) - net[0].FLOPs() }

// Conv4 is the products of [encoder.Conv4] on n images of 28×28.
func Conv4(n int) []Layer {
	net := []Layer{
		{Name: "conv1", H: 28, C: 1},
		{Name: "conv2", H: 14, C: 64},
		{Name: "conv3", H: 7, C: 64},
		{Name: "conv4", H: 3, C: 64},
	}
	for i := range net {
		net[i].N, net[i].W, net[i].Kernel, net[i].Filters, net[i].Same = n, net[i].H, 3, 64, true
	}
	return net
}

// Koch is the products of [encoder.Koch] on n images of 105×105.
func Koch(n int) []Layer {
	return []Layer{
		{Name: "conv1", N: n, H: 105, W: 105, C: 1, Kernel: 10, Filters: 64},
		{Name: "conv2", N: n, H: 48, W: 48, C: 64, Kernel: 7, Filters: 128},
		{Name: "conv3", N: n, H: 21, W: 21, C: 128, Kernel: 4, Filters: 128},
		{Name: "conv4", N: n, H: 9, W: 9, C: 128, Kernel: 4, Filters: 256},
		{Name: "dense", N: n, H: 1, W: 1, C: 9216, Kernel: 1, Filters: 4096},
	}
}

// Faces is the products of the residual network of recipe faces on n images of 64×64 colour pixels.
func Faces(n int) []Layer {
	net := []Layer{
		{Name: "stem", H: 64, C: 3, Kernel: 5, Filters: 32, Stride: 2},
		{Name: "stage1_conv1", H: 32, C: 32, Kernel: 3, Filters: 32},
		{Name: "stage1_conv2", H: 32, C: 32, Kernel: 3, Filters: 32},
	}
	for i, width := range []int{64, 128, 256} {
		name, side := fmt.Sprintf("stage%d_", i+2), 16>>i
		net = append(net,
			Layer{Name: name + "conv1", H: side, C: width / 2, Kernel: 3, Filters: width},
			Layer{Name: name + "conv2", H: side, C: width, Kernel: 3, Filters: width},
			Layer{Name: name + "shortcut", H: side, C: width / 2, Kernel: 1, Filters: width})
	}
	for i := range net {
		net[i].N, net[i].W, net[i].Same = n, net[i].H, true
	}
	return append(net, Layer{Name: "dense", N: n, H: 1, W: 1, C: 256, Kernel: 1, Filters: 128})
}

// VGG16 is the convolutions of VGG16 (Simonyan and Zisserman 2015, table 1, D) on one image of side×side colour pixels. Those
// of equal shape appear once.
func VGG16(side int) []Layer {
	var net []Layer
	add := func(name string, shrink, c, filters int) {
		net = append(net, Layer{Name: name, N: 1, H: side / shrink, W: side / shrink, C: c, Kernel: 3, Filters: filters, Same: true})
	}
	add("conv1_1", 1, 3, 64)
	add("conv1_2", 1, 64, 64)
	add("conv2_1", 2, 64, 128)
	add("conv2_2", 2, 128, 128)
	add("conv3_1", 4, 128, 256)
	add("conv3_2", 4, 256, 256)
	add("conv4_1", 8, 256, 512)
	add("conv4_2", 8, 512, 512)
	add("conv5_1", 16, 512, 512)
	return net
}

// PersonCrops is the 3×3 convolutions of the person encoder of Wojke, Bewley and Paulus 2017 (table 1) on n crops of 64×128
// colour pixels. Those of equal shape appear once.
func PersonCrops(n int) []Layer {
	net := []Layer{
		{Name: "conv1", H: 128, W: 64, C: 3, Filters: 32},
		{Name: "conv2", H: 128, W: 64, C: 32, Filters: 32},
		{Name: "stage1", H: 64, W: 32, C: 32, Filters: 32},
		{Name: "halve2", H: 64, W: 32, C: 32, Filters: 64, Stride: 2},
		{Name: "stage2", H: 32, W: 16, C: 64, Filters: 64},
		{Name: "halve3", H: 32, W: 16, C: 64, Filters: 128, Stride: 2},
		{Name: "stage3", H: 16, W: 8, C: 128, Filters: 128},
	}
	for i := range net {
		net[i].N, net[i].Kernel, net[i].Same = n, 3, true
	}
	return net
}

// Median of at least one value.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
