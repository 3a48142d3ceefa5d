package onnx

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/kernel"
)

// plainPixels prepare pictures as they are: 0 to 255.
func plainPixels() *imgproc.Preprocess {
	return &imgproc.Preprocess{Channels: 3, Std: []float32{1. / 255, 1. / 255, 1. / 255}}
}

func tried(t *testing.T, m *Model, o ImportOptions) (encoder.Spec, Findings, error) {
	t.Helper()
	m, err := Decode(m.encode())
	if err != nil {
		t.Fatal(err)
	}
	if o.Preprocess == nil {
		o.Preprocess = plainPixels()
	}
	file, found, err := Import(t.Context(), newBackend(t), m, o)
	if err != nil {
		return encoder.Spec{}, found, err
	}
	spec, err := encoder.SpecOf(file)
	if err != nil {
		t.Fatal(err)
	}
	return spec, found, nil
}

func TestImportFindsOutWhetherImagesGoTogether(t *testing.T) {
	for name, test := range map[string]struct {
		lines   string
		tensors map[string]*Tensor
		want    string // why not; empty when they do
	}{
		"any batch":           {"Flatten x -> y", nil, ""},
		"a reshape to one":    {"Reshape x one -> y", map[string]*Tensor{"one": list(1, 192)}, "shape [2 3 8 8] cannot become [1 192]"},
		"one row of all":      {"Reshape x one -> y", map[string]*Tensor{"one": list(1, -1)}, "of two, its output y has the shape [1 384]"},
		"a mean of the batch": {"ReduceMean x -> m\nSub x m -> d\nFlatten d -> y", nil, "its output y for an image depends on the other images"},
	} {
		spec, found, err := tried(t, small(13, test.lines, test.tensors), ImportOptions{})
		if err != nil {
			t.Errorf("Import of a network with %s: %v", name, err)
			continue
		}
		if spec.OneByOne != (test.want != "") || !strings.Contains(found.OneByOne, test.want) || spec.Dim != 192 {
			t.Errorf("Import of a network with %s: dim %d, one by one %t: %q, want 192 and %q", name, spec.Dim, spec.OneByOne, found.OneByOne, test.want)
		}
	}
}

func TestNetworksWithOneImageBuiltInEmbedMany(t *testing.T) {
	m, err := Decode(small(13, "Reshape x one -> y", map[string]*Tensor{"one": list(1, 192)}).encode())
	if err != nil {
		t.Fatal(err)
	}
	backend := newBackend(t)
	file, _, err := Import(t.Context(), backend, m, ImportOptions{Preprocess: plainPixels()})
	if err != nil {
		t.Fatal(err)
	}
	embedder, err := NewEmbedder(backend, file)
	if err != nil {
		t.Fatal(err)
	}
	defer embedder.Close()
	rows, err := embedder.Embed(context.Background(), waves(3, 8, 8, 3).Values)
	if err != nil || len(rows) != 3 {
		t.Errorf("Embed of 3 images = %d rows, %v, want 3", len(rows), err)
	}
}

func TestAModelKeepsThePrecisionItWasImportedWith(t *testing.T) {
	m, err := Decode(small(13, "Conv x w -> c\nConv c v -> d\nFlatten d -> y", map[string]*Tensor{"w": numbers(64, 3, 3, 3), "v": numbers(64, 64, 1, 1)}).encode())
	if err != nil {
		t.Fatal(err)
	}
	images := waves(4, 8, 8, 3).Values
	embed := func(backend compute.Backend, precision string) []float32 {
		file, _, err := Import(t.Context(), backend, m, ImportOptions{Preprocess: plainPixels(), Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		embedder, err := NewEmbedder(backend, file)
		if err != nil {
			t.Fatal(err)
		}
		defer embedder.Close()
		rows, err := embedder.Embed(t.Context(), images)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(rows...)
	}
	rounding, err := cpu.New(cpu.Options{Threads: 2, Precision: cpu.BFloat16})
	if err != nil {
		t.Fatal(err)
	}
	defer rounding.Finalize()
	got, want, full := embed(newBackend(t), "bf16"), embed(rounding, ""), embed(newBackend(t), "")
	if !slices.Equal(got, want) {
		t.Error("a model imported for bf16 embeds otherwise on a backend of float32 than one that says nothing on a backend of bf16")
	}
	if slices.Equal(got, full) && kernel.HasBFloat16() && !kernel.HasSquares() { // so small a product is not worth a matrix unit
		t.Error("a model imported for bf16 computes in float32, although the processor has products of bfloat16")
	}
	largest := slices.MaxFunc(full, func(a, b float32) int { return cmp.Compare(math.Abs(float64(a)), math.Abs(float64(b))) })
	for i := range got {
		if off := math.Abs(float64(got[i] - full[i])); off > 0.02*math.Abs(float64(largest)) {
			t.Fatalf("number %d is %v in bf16 and %v in float32, whose largest is %v", i, got[i], full[i], largest)
		}
	}
}

func TestImportSaysWhatIsNoEmbedding(t *testing.T) {
	conv := small(17, "Conv x w -> y", map[string]*Tensor{"w": numbers(4, 3, 3, 3)})
	tokens := small(17, "Conv x w -> m\nReshape m shape -> t\nTranspose t -> y", map[string]*Tensor{"w": numbers(4, 3, 3, 3), "shape": list(0, 4, -1)})
	tokens.nodes[2].attributes = attributes{"perm": whole(0, 2, 1)}
	squeezed := small(13, "GlobalAveragePool x -> g\nSqueeze g -> y", nil)
	for name, test := range map[string]struct {
		m    *Model
		o    ImportOptions
		dim  int
		want string
	}{
		"a map":                     {conv, ImportOptions{}, 0, "makes no embedding: pool its output, or choose another tensor as the output: output y is a map [1 6 6 4]"},
		"a map by name":             {conv, ImportOptions{Outputs: []string{"y"}}, 0, ""},
		"a map, pooled":             {conv, ImportOptions{Pool: "mean"}, 4, ""},
		"a map has no first token":  {conv, ImportOptions{Pool: "cls"}, 0, "cls for tokens"},
		"tokens":                    {tokens, ImportOptions{}, 0, "output y is tokens [1 36 4]"},
		"the first token":           {tokens, ImportOptions{Pool: "cls"}, 4, ""},
		"the mean of tokens":        {tokens, ImportOptions{Pool: "mean"}, 4, ""},
		"a vector without batch":    {squeezed, ImportOptions{}, 3, ""},
		"a vector cannot be pooled": {squeezed, ImportOptions{Pool: "mean"}, 0, "nothing to pool"},
	} {
		spec, _, err := tried(t, test.m, test.o)
		if test.want == "" && (err != nil || spec.Dim != test.dim) {
			t.Errorf("Import of %s: dim %d, %v, want %d", name, spec.Dim, err, test.dim)
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("Import of %s: %v, want an error with %q", name, err, test.want)
		}
		if named := len(test.o.Outputs) > 0; test.o.Pool == "" && test.dim == 0 && !named && !errors.Is(err, ErrNoEmbedding) {
			t.Errorf("Import of %s: %v, want ErrNoEmbedding", name, err)
		}
	}
}

func TestPoolsTakeTheMeanOrTheFirstToken(t *testing.T) {
	x := waves(2, 8, 8, 3)
	m, err := Decode(small(17, "Reshape x shape -> t\nTranspose t -> y", map[string]*Tensor{"shape": list(0, 3, -1)}).encode())
	if err != nil {
		t.Fatal(err)
	}
	m.nodes[1].attributes = attributes{"perm": whole(0, 2, 1)}
	m.data = m.encode()
	for pool, want := range map[string]func(i, c int) float64{
		"cls": func(i, c int) float64 { return float64(x.Values[i*192+c]) },
		"mean": func(i, c int) float64 {
			sum := 0.0
			for p := range 64 {
				sum += float64(x.Values[i*192+p*3+c])
			}
			return sum / 64
		},
	} {
		backend := newBackend(t)
		file, _, err := Import(t.Context(), backend, m, ImportOptions{Preprocess: plainPixels(), Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		embedder, err := NewEmbedder(backend, file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := embedder.Embed(context.Background(), x.Values)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for c, v := range row {
				if math.Abs(float64(v)-want(i, c)) > 1e-5 {
					t.Errorf("%s of image %d, channel %d = %v, want %v", pool, i, c, v, want(i, c))
				}
			}
		}
		embedder.Close()
	}
}

func TestImportRefusesWhatMakesNoNumbers(t *testing.T) {
	nan := numbers(4, 3, 3, 3)
	copy(nan.raw, packed(Float, []float32{float32(math.NaN())}, nil, nil))
	for name, test := range map[string]struct {
		m    *Model
		want string
	}{
		"weights of NaN":  {small(17, "Conv x w -> c\nFlatten c -> y", map[string]*Tensor{"w": nan}), `tensor "w" has NaN`},
		"division by 0":   {small(17, "Div x w -> c\nFlatten c -> y", map[string]*Tensor{"w": single(0)}), "output y has +Inf among its numbers"},
		"a training mode": {small(17, "Dropout x r w -> c\nFlatten c -> y", map[string]*Tensor{"r": single(0.5), "w": intTensor(Bool, nil, []int64{1})}), "training mode"},
	} {
		if _, _, err := tried(t, test.m, ImportOptions{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Import of a network with %s: %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestImportRefusesWhatReadsNoImages(t *testing.T) {
	with := func(shape ...int) *Model {
		m := small(17, "Flatten x -> y", nil)
		m.inputs[0].Shape = shape
		return m
	}
	two := small(17, "Add x x2 -> z\nFlatten z -> y", nil)
	two.inputs = append(two.inputs, ValueInfo{"x2", Float, []int{unknownDim, 3, 8, 8}})
	for name, test := range map[string]struct {
		m    *Model
		want string
	}{
		"two inputs":       {two, "reads 2 tensors (x [-1 3 8 8], x2 [-1 3 8 8]), want one of images"},
		"a list":           {with(1, 192), "reads x [1 192], want images [n, c, h, w]"},
		"four images":      {with(4, 3, 8, 8), "reads 4 images at once"},
		"no known size":    {with(), "leaves the height of its images open"},
		"an open size":     {with(1, 3, -1, 8), "leaves the height of its images open"},
		"too many colours": {with(1, 4, 8, 8), "channels 4"},
	} {
		if name == "no known size" {
			test.m.inputs[0].Shape = nil
		}
		if _, _, err := tried(t, test.m, ImportOptions{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Import of a network with %s: %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestImagesOfOtherTypesAreGivenAsTheNetworkReadsThem(t *testing.T) {
	for _, kind := range []DataType{Uint8, Int32, Float16, Double} {
		m := small(17, "Cast x -> f\nFlatten f -> y", nil)
		m.inputs[0].Type = kind
		m.nodes[0].attributes = attributes{"to": number(int64(Float))}
		if _, _, err := tried(t, m, ImportOptions{}); err != nil {
			t.Errorf("Import of a network that reads %s: %v", kind, err)
		}
		x := Array{[]int{1, 8, 8, 3}, make([]float32, 192)}
		want := make([]float32, 192)
		for i := range x.Values {
			x.Values[i] = float32(i + 1)
			want[i%3*64+i/3] = float32(i + 1)
		}
		if got := outputOf(t, m.encode(), x); !slices.Equal(got.Values, want) {
			t.Errorf("pixels as %s = %v, want %v", kind, got.Values[:6], want[:6])
		}
		centred := &imgproc.Preprocess{Channels: 3, Mean: []float32{.5, .5, .5}, Std: []float32{.5, .5, .5}}
		_, _, err := tried(t, m, ImportOptions{Preprocess: centred})
		if (err != nil) == kind.real() {
			t.Errorf("Import of a network that reads %s with pixels from -1 to 1: %v, want an error only for whole numbers", kind, err)
		}
	}
}

func TestImportEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m, err := Decode(small(13, "Reshape x one -> y", map[string]*Tensor{"one": list(1, 192)}).encode())
	if err != nil {
		t.Fatal(err)
	}
	if file, _, err := Import(ctx, newBackend(t), m, ImportOptions{Preprocess: plainPixels()}); !errors.Is(err, context.Canceled) || file != nil {
		t.Errorf("Import under an ended context = %v, %v, want no file and context.Canceled", file, err)
	}
}
