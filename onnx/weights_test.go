package onnx

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/onnxruntime"
	"github.com/siam-go/siam/internal/realdata"
)

var update = flag.Bool("update", false, "write the numbers of ONNX Runtime to testdata")

// network is one of the public networks that the tests run when they find them, see [weightsFile].
type network struct {
	file    string   // in its folder
	outputs []string // all when nil
	sizes   [][3]int // images, height and width to run at
	values  imgproc.Preprocess
}

func networks() []network {
	raw := imgproc.Preprocess{Channels: 3, BGR: true, Std: []float32{1. / 255, 1. / 255, 1. / 255}}
	imagenet := imgproc.Preprocess{Channels: 3, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
	centred := imgproc.Preprocess{Channels: 3, Mean: []float32{.5, .5, .5}, Std: []float32{.5, .5, .5}}
	faces := [][3]int{{1, 256, 256}, {1, 320, 320}, {3, 64, 96}}
	return []network{
		{"face_detect_yunet/yunet_n_dynamic.onnx", nil, faces, raw},
		{"face_detect_yunet/yunet_s_dynamic.onnx", nil, faces, raw},
		{"face_embed_0095/face_embed_0095.onnx", nil, [][3]int{{1, 128, 128}, {3, 128, 128}}, raw},
		{"face_embed_mobilefacenet/MobileFaceNet.onnx", nil, [][3]int{{1, 112, 112}}, imagenet},
		{"mobilenet_v2_imagenet/mobilenet_v2_imagenet_i8w.onnx", nil, [][3]int{{1, 224, 224}, {2, 96, 160}}, centred},
		{"person_detect_yolox_nano/yolox_nano.onnx", nil, [][3]int{{1, 416, 416}}, raw},
		{"reid_0277/reid_0277.onnx", nil, [][3]int{{1, 256, 128}, {2, 256, 128}}, raw},
		{"reid_0288/reid_0288.onnx", nil, [][3]int{{1, 256, 128}, {3, 256, 128}}, raw},
	}
}

// scene is a picture that a computer can paint anywhere alike: shaded discs and edges on a slope.
func scene(h, w int) imgproc.Image {
	m := imgproc.New(h, w, 3)
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			head := math.Hypot((u-0.5)/0.3, (v-0.5)/0.4)
			eyes := min(math.Hypot(u-0.38, v-0.42), math.Hypot(u-0.62, v-0.42))
			light := 40 + 120*u*v
			if head < 1 {
				light = 220 - 60*head
			}
			if eyes < 0.05 || math.Abs(v-0.7) < 0.02 && math.Abs(u-0.5) < 0.12 {
				light = 30
			}
			for c := range 3 {
				m.Pix[(y*w+x)*3+c] = uint8(light * (1 - 0.1*float64(c)))
			}
		}
	}
	return m
}

// pictures prepares photographs, taken in turn, as a network's input.
func (n network) pictures(size [3]int, photos []imgproc.Image) Array {
	p := n.values
	p.Height, p.Width = size[1], size[2]
	a := Array{[]int{size[0], size[1], size[2], 3}, make([]float32, size[0]*p.Size())}
	for i := range size[0] {
		p.Apply(a.Values[i*p.Size():(i+1)*p.Size()], photos[i%len(photos)].Turned(imgproc.Turn(i)&imgproc.Mirror))
	}
	return a
}

// ours runs a network here.
func (n network) ours(t *testing.T, path string, images Array) ([]Array, []string) {
	t.Helper()
	m, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := n.outputs
	if names == nil {
		for _, v := range m.Outputs() {
			names = append(names, v.Name)
		}
	}
	run, err := NewNetwork(newBackend(t), m, names...)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	outputs, err := run.Run(context.Background(), images)
	if err != nil {
		t.Fatal(err)
	}
	return outputs, names
}

func TestNetworksAgreeWithONNXRuntimeOnPhotographs(t *testing.T) {
	photos := photographs(t)
	for _, n := range networks() {
		t.Run(filepath.Base(n.file), func(t *testing.T) {
			path := realdata.Network(t, n.file)
			onnxruntime.Need(t)
			m, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range n.sizes {
				images := n.pictures(size, photos)
				got, names := n.ours(t, path, images)
				want := inRuntime(t, path, m.Inputs(), []Array{channelsFirst(images)}, names)
				for i, name := range names {
					w := inOurOrder(want[i])
					if d := difference(got[i].Values, w.Values); !slices.Equal(got[i].Shape, w.Shape) || d > 1e-3 {
						t.Errorf("%v images: %s has shape %v and differs by %.2g of its largest number, want %v and 1e-3", size, name, got[i].Shape, d, w.Shape)
					}
				}
			}
		})
	}
}

// TestTransformersAgreeWithONNXRuntime runs the networks that bench/ort/networks.py makes with PyTorch.
func TestTransformersAgreeWithONNXRuntime(t *testing.T) {
	for _, name := range []string{"vit_small.onnx", "convnext_block.onnx"} {
		t.Run(name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("../bench/ort/made", name))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Skip("it is not made; run: python3 bench/ort/networks.py bench/ort/made")
			}
			onnxruntime.Need(t)
			n := network{values: imgproc.Preprocess{Channels: 3, Mean: []float32{.5, .5, .5}, Std: []float32{.5, .5, .5}}}
			images := n.pictures([3]int{2, 224, 224}, []imgproc.Image{scene(224, 224)})
			got, names := n.ours(t, path, images)
			want := inRuntime(t, path, []ValueInfo{{Name: "images", Type: Float}}, []Array{channelsFirst(images)}, names)
			if d := difference(got[0].Values, want[0].Values); !slices.Equal(got[0].Shape, want[0].Shape) || d > 1e-3 {
				t.Errorf("embedding has shape %v and differs by %.2g of its largest number, want %v and 1e-3", got[0].Shape, d, want[0].Shape)
			}
		})
	}
}

// photographs are some of Labeled Faces in the Wild.
func photographs(t *testing.T) []imgproc.Image {
	t.Helper()
	folder, err := openData(t, "lfw250")
	if err != nil {
		t.Skip(err)
	}
	var photos []imgproc.Image
	for _, name := range []string{"Abel_Pacheco/Abel_Pacheco_0001.jpg", "Akhmed_Zakayev/Akhmed_Zakayev_0001.jpg"} {
		m, err := imgproc.ReadFS(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		photos = append(photos, m)
	}
	return photos
}

// reference is some numbers of one output as ONNX Runtime gave them: every step-th, step being odd to reach all columns, and the largest magnitude of all.
type reference struct {
	Shape   []int     `json:"shape"` // in our order
	Step    int       `json:"step"`
	Values  []float32 `json:"values"`
	Largest float32   `json:"largest"`
}

func referenceOf(a Array) reference {
	r := reference{Shape: a.Shape, Step: len(a.Values)/23 | 1}
	for i, v := range a.Values {
		if i%r.Step == 0 {
			r.Values = append(r.Values, v)
		}
		r.Largest = max(r.Largest, float32(math.Abs(float64(v))))
	}
	return r
}

// TestNetworksAgreeWithReference needs no ONNX Runtime, whose numbers it finds in testdata; -update writes them.
func TestNetworksAgreeWithReference(t *testing.T) {
	const file = "testdata/networks.json"
	references := map[string]map[string]reference{}
	if !*update {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &references); err != nil {
			t.Fatal(err)
		}
	}
	photo := []imgproc.Image{scene(250, 250)}
	for _, n := range networks() {
		t.Run(filepath.Base(n.file), func(t *testing.T) {
			path, size := realdata.Network(t, n.file), n.sizes[0]
			images := n.pictures(size, photo)
			got, names := n.ours(t, path, images)
			if *update {
				references[n.file] = updated(t, path, images, names)
				return
			}
			for i, name := range names {
				want := references[n.file][name]
				r := referenceOf(got[i])
				if d := difference(r.Values, want.Values); !slices.Equal(r.Shape, want.Shape) || d > 1e-3 || difference([]float32{r.Largest}, []float32{want.Largest}) > 1e-3 {
					t.Errorf("%s has shape %v, largest number %v and differs by %.2g, want %v, %v and 1e-3", name, r.Shape, r.Largest, d, want.Shape, want.Largest)
				}
			}
		})
	}
	if *update {
		writeJSON(t, file, references)
	}
}

// updated asks ONNX Runtime.
func updated(t *testing.T, path string, images Array, names []string) map[string]reference {
	t.Helper()
	onnxruntime.Need(t)
	m, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]reference{}
	for i, a := range inRuntime(t, path, m.Inputs(), []Array{channelsFirst(images)}, names) {
		all[names[i]] = referenceOf(inOurOrder(a))
	}
	return all
}

// writeJSON writes a table with one line for each key.
func writeJSON[T any](t *testing.T, file string, table map[string]T) {
	t.Helper()
	var text bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(table)) {
		value, err := json.Marshal(table[key])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s%q: %s", map[bool]string{true: "{\n", false: ",\n"}[text.Len() == 0], key, value)
	}
	text.WriteString("\n}\n")
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
