package coseg

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile/safetensors"
)

// noise are the numbers that testdata/vgg16.py makes, times scale.
func noise(count int, seed uint32, scale float64) []float32 {
	values := make([]float32, count)
	for i := range values {
		x := uint32(i)*2654435761 + seed
		for range 2 {
			x = (x ^ x>>16) * 73244475
		}
		values[i] = float32((float64(x^x>>16)/(1<<32) - 0.5) * scale)
	}
	return values
}

// torchVGG16 has the weights of testdata/vgg16.py.
func torchVGG16() *safetensors.File {
	f := &safetensors.File{}
	at, channels := 0, 3
	for _, row := range vggWidths {
		for _, width := range row {
			kernel := noise(width*channels*9, uint32(at), math.Sqrt(24/float64(9*channels)))
			f.Tensors = append(f.Tensors, safetensors.FromFloat32(fmt.Sprintf("features.%d.weight", at), []int{width, channels, 3, 3}, kernel),
				safetensors.FromFloat32(fmt.Sprintf("features.%d.bias", at), []int{width}, noise(width, uint32(100+at), 1)))
			at, channels = at+2, width
		}
		at++
	}
	return f
}

// TestVGG16IsTorchvisions compares with PyTorch's numbers.
func TestVGG16IsTorchvisions(t *testing.T) {
	text, err := os.ReadFile("testdata/vgg16.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Rows []struct {
			Norm    float64
			Entries []float64
		}
	}
	if err := json.Unmarshal(text, &want); err != nil || len(want.Rows) != len(vggWidths) {
		t.Fatal(len(want.Rows), err)
	}
	file, err := ImportVGG16(torchVGG16())
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	for _, w := range file.Weights {
		store.VariableWithValue("/"+w.Name, tensors.FromFlatDataAndDimensions(w.Values, w.Shape...))
	}
	exec := model.MustNewExec(backend(t), store, func(scope *model.Scope, image *Node) []*Node {
		l := encoder.NewLayers(scope.In("encoder"))
		vgg16(l, TransposeAllAxes(image, 0, 2, 3, 1))
		var rows []*Node
		for _, layer := range l.Outputs() {
			for i, row := range vggWidths {
				if layer.Name == vggName(i, len(row)-1) {
					rows = append(rows, TransposeAllAxes(layer.Output, 0, 3, 1, 2))
				}
			}
		}
		return rows
	})
	outputs := exec.MustCall(tensors.FromFlatDataAndDimensions(noise(3*32*32, 1000, 1), 1, 3, 32, 32))
	if len(outputs) != len(want.Rows) {
		t.Fatalf("%d rows, want %d", len(outputs), len(want.Rows))
	}
	for i, out := range outputs {
		values, squares := tensors.MustCopyFlatData[float32](out), 0.0
		for _, v := range values {
			squares += float64(v) * float64(v)
		}
		row := want.Rows[i]
		typical := row.Norm / math.Sqrt(float64(len(values)))
		if got := math.Sqrt(squares); math.Abs(got-row.Norm) > 1e-4*row.Norm {
			t.Errorf("row %d has norm %v, want %v", i+1, got, row.Norm)
		}
		for k, v := range row.Entries {
			if got := float64(values[k*(len(values)/8)]); math.Abs(got-v) > 1e-4*typical {
				t.Errorf("row %d, entry %d = %v, want %v", i+1, k, got, v)
			}
		}
	}
}

func TestWeightsOfAnotherArchitectureAreNamed(t *testing.T) {
	for want, change := range map[string]func(f *safetensors.File){
		"there is no tensor features.0.weight [64 3 3 3], which torchvision's VGG16 has": func(f *safetensors.File) { f.Tensors = nil },
		"there is no tensor features.28.bias [512], which":                               func(f *safetensors.File) { f.Tensors = f.Tensors[:len(f.Tensors)-1] },
		"tensor features.0.weight has shape [64 3 1 1], torchvision's VGG16 has [64 3 3 3]": func(f *safetensors.File) {
			f.Tensors[0] = safetensors.FromFloat32("features.0.weight", []int{64, 3, 1, 1}, make([]float32, 192))
		},
		`tensor "features.2.bias" holds F16, want F32`: func(f *safetensors.File) { f.Tensors[3].DType = safetensors.F16 },
		"tensor features.0.bias holds NaN": func(f *safetensors.File) {
			f.Tensors[1] = safetensors.FromFloat32("features.0.bias", []int{64}, append(make([]float32, 63), float32(math.NaN())))
		},
	} {
		f := torchVGG16()
		change(f)
		if _, err := ImportVGG16(f); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("ImportVGG16: %v, want one line with %q", err, want)
		}
	}
}
