package coseg

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/modelfile/safetensors"
)

// EncoderKind is the [modelfile.File.Kind] of weights of a network's encoder alone, from which a training of the network may start.
const EncoderKind = "coseg-encoder"

// vggWidths are the channels of VGG16's convolutions; a pooling ends each row.
var vggWidths = [][]int{{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}}

// vgg16 is VGG16's convolutions with LeakyReLU 0.2, and their poolings, to [n, h/32, w/32, 512].
func vgg16(l *encoder.Layers, x *Node) *Node {
	for i, row := range vggWidths {
		for j, width := range row {
			x = docsConv(l, x, vggName(i, j), width, 3)
		}
		x = encoder.MaxPool2(x)
	}
	return x
}

func vggName(row, place int) string { return fmt.Sprintf("conv%d_%d", row+1, place+1) }

// ImportVGG16 makes the encoder of the published network of the weights of torchvision's VGG16 (tensors features.0.weight and so on;
// those of its classifier are left out), trained on images whose channels have torchvision's mean and deviation. Its conv6 has
// no weights there. The error names the first tensor that is missing or does not fit, with the shapes.
func ImportVGG16(f *safetensors.File) (*modelfile.File, error) {
	spec, err := NewSpec(DOCS, 0)
	if err != nil {
		return nil, err
	}
	spec.Preprocess.Mean, spec.Preprocess.Std = []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	file := &modelfile.File{Kind: EncoderKind}
	if file.Spec, err = json.Marshal(spec); err != nil {
		return nil, err
	}
	at, channels := 0, 3
	for i, row := range vggWidths {
		for j, width := range row {
			layer := "encoder/" + vggName(i, j)
			kernel, err := valuesOf(f, fmt.Sprintf("features.%d.weight", at), width, channels, 3, 3)
			if err != nil {
				return nil, err
			}
			bias, err := valuesOf(f, fmt.Sprintf("features.%d.bias", at), width)
			if err != nil {
				return nil, err
			}
			file.Weights = append(file.Weights, modelfile.Tensor{Name: layer + "/bias", Shape: []int{width}, Values: slices.Clone(bias)},
				modelfile.Tensor{Name: layer + "/weights", Shape: []int{3, 3, channels, width}, Values: kernelLast(kernel, width, channels)})
			at, channels = at+2, width
		}
		at++ // the pooling
	}
	return file, nil
}

// valuesOf are those of a tensor that is to have a shape.
func valuesOf(f *safetensors.File, name string, shape ...int) ([]float32, error) {
	i := slices.IndexFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no tensor %s %v, which torchvision's VGG16 has: the weights belong to another architecture", name, shape)
	}
	t := f.Tensors[i]
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("tensor %s has shape %v, torchvision's VGG16 has %v: the weights belong to another architecture", name, t.Shape, shape)
	}
	values, err := t.Float32()
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		if v != v || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("tensor %s holds %v: the file is damaged", name, v)
		}
	}
	return values, nil
}

// kernelLast turns a kernel [filters, channels, 3, 3] into [3, 3, channels, filters].
func kernelLast(kernel []float32, filters, channels int) []float32 {
	out := make([]float32, len(kernel))
	for i, v := range kernel {
		place, channel, filter := i%9, i/9%channels, i/9/channels
		out[(place*channels+channel)*filters+filter] = v
	}
	return out
}
