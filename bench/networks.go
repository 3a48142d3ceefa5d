package bench

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/internal/realdata"
	"github.com/siam-go/siam/onnx"
)

// Network is a public network and the batches it is timed at.
type Network struct {
	Name          string // short
	File          string // in the folder of public networks, or in bench/ort
	Height, Width int    // of its images, pixels
	Batches       []int
}

// Networks are those that siam data gets, detectors and encoders, and two of today with random weights. MobileFaceNet and YOLOX read
// one image at once.
func Networks() []Network {
	return []Network{
		{"MobileFaceNet", "face_embed_mobilefacenet/MobileFaceNet.onnx", 112, 112, []int{1}},
		{"face_embed_0095", "face_embed_0095/face_embed_0095.onnx", 128, 128, []int{1, 16}},
		{"MobileNetV2", "mobilenet_v2_imagenet/mobilenet_v2_imagenet_i8w.onnx", 224, 224, []int{1, 16}},
		{"YuNet n", "face_detect_yunet/yunet_n_dynamic.onnx", 320, 320, []int{1, 16}},
		{"YuNet s", "face_detect_yunet/yunet_s_dynamic.onnx", 320, 320, []int{1, 16}},
		{"YOLOX-nano", "person_detect_yolox_nano/yolox_nano.onnx", 416, 416, []int{1}},
		{"reid_0288", "reid_0288/reid_0288.onnx", 256, 128, []int{1, 16}},
		{"reid_0277", "reid_0277/reid_0277.onnx", 256, 128, []int{1, 16}},
		{"ViT-small", "made/vit_small.onnx", 224, 224, []int{1, 16}},
		{"ConvNeXt block", "made/convnext_block.onnx", 224, 224, []int{1, 16}},
	}
}

// NetworksFolder is $SIAM_WEIGHTS, or weights beside the folder $SIAM_DATA. It fails when there is no such folder.
func NetworksFolder() (string, error) {
	folder := realdata.Networks()
	if _, err := os.Stat(folder); folder == "" || err != nil {
		return "", fmt.Errorf("no folder of public networks: set SIAM_WEIGHTS to the one that has them, by name as %s", Networks()[0].File)
	}
	return folder, nil
}

// Path is the network's file in the folder of public networks, or where it is made.
func (n Network) Path(folder string) string {
	if n.Made() {
		folder = filepath.Join("bench", "ort")
	}
	return filepath.Join(folder, filepath.FromSlash(n.File))
}

// Made says whether bench/ort/networks.py makes the network.
func (n Network) Made() bool { return strings.HasPrefix(n.File, "made/") }

// Images is a batch [count, h, w, 3] of numbers that do not repeat.
func (n Network) Images(count int) onnx.Array {
	a := onnx.Array{Shape: []int{count, n.Height, n.Width, 3}, Values: make([]float32, count*n.Height*n.Width*3)}
	for i := range a.Values {
		a.Values[i] = float32(math.Sin(float64(i)))
	}
	return a
}
