package onnx

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// tiny is a network with shapes computed at run time, weights stored as int8, and two outputs.
func tiny() *Model {
	step := func(op string, inputs, outputs string, a attributes) *node {
		return &node{name: "the " + op, op: op, inputs: strings.Fields(inputs), outputs: strings.Fields(outputs), attributes: a}
	}
	return &Model{opset: 13, graph: graph{
		inputs:  []ValueInfo{{"image", Float, []int{unknownDim, 3, 8, 8}}},
		outputs: []ValueInfo{{"map", Float, nil}, {"embedding", Float, nil}},
		nodes: []*node{
			step("Cast", "packed", "unpacked", attributes{"to": number(1)}),
			step("Mul", "unpacked scale", "weights", nil),
			step("Conv", "image weights", "map", nil),
			step("Shape", "map", "shape", nil),
			step("Gather", "shape zero", "batch", attributes{"axis": number(0)}),
			step("Unsqueeze", "batch axes", "batches", nil),
			step("Concat", "batches rest", "wanted", attributes{"axis": number(0)}),
			step("Reshape", "map wanted", "embedding", nil),
		},
		initializers: map[string]*Tensor{
			"packed": intTensor(Int8, []int{2, 3, 1, 1}, []int64{1, -2, 3, -4, 5, -6}),
			"scale":  floatTensor([]int{2, 1, 1, 1}, []float32{0.5, 0.25}),
			"zero":   intTensor(Int64, nil, []int64{0}), "axes": list(0), "rest": list(-1),
		},
	}}
}

func TestConstantsAreComputedOnce(t *testing.T) {
	m := selected(t, tiny().encode(), "embedding", "map")
	var left []string
	for _, n := range m.nodes {
		left = append(left, n.op)
	}
	if want := []string{"Conv", "Shape", "Gather", "Unsqueeze", "Concat", "Reshape"}; !slices.Equal(left, want) {
		t.Errorf("operations left = %v, want %v", left, want)
	}
	want := []float32{0.5, -1, 1.5, -1, 1.25, -1.5}
	if got := m.initializers["weights"].Float32s(); !slices.Equal(got, want) {
		t.Errorf("weights = %v, want %v", got, want)
	}
}

func TestShapesAreKnownWhenTheGraphIsBuilt(t *testing.T) {
	m, err := Decode(tiny().encode())
	if err != nil {
		t.Fatal(err)
	}
	run, err := NewNetwork(newBackend(t), m, "embedding", "map")
	if err != nil {
		t.Fatal(err)
	}
	x := waves(2, 8, 8, 3)
	got, err := run.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	want := Array{[]int{2, 128}, make([]float32, 256)}
	weights := []float32{0.5, -1, 1.5, -1, 1.25, -1.5}
	for i := range want.Values {
		image, filter, pixel := i/128, i/64%2, i%64
		for c := range 3 {
			want.Values[i] += weights[filter*3+c] * x.Values[(image*64+pixel)*3+c]
		}
	}
	if !slices.Equal(got[0].Shape, want.Shape) || difference(got[0].Values, want.Values) > 1e-6 {
		t.Errorf("embedding has shape %v and differs by %v, want %v", got[0].Shape, difference(got[0].Values, want.Values), want.Shape)
	}
	if !slices.Equal(got[1].Shape, []int{2, 8, 8, 2}) {
		t.Errorf("map has shape %v, want channels last", got[1].Shape)
	}
}

// readAll reads a file and selects all its outputs; errors of either name the file.
func readAll(t *testing.T, path string) (*Model, error) {
	t.Helper()
	m, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range m.Outputs() {
		names = append(names, v.Name)
	}
	if m, err = m.Select(newBackend(t), names...); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// selected is what some outputs of a file need.
func selected(t *testing.T, data []byte, outputs ...string) *Model {
	t.Helper()
	m, err := Decode(data)
	if err == nil {
		m, err = m.Select(newBackend(t), outputs...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBadFilesAreRefusedInOneLine(t *testing.T) {
	with := func(change func(*Model)) []byte {
		m := tiny()
		change(m)
		return m.encode()
	}
	external := with(func(m *Model) { m.initializers = map[string]*Tensor{} })
	var reference, entry, graph message
	entry.text(1, "location")
	entry.text(2, "weights.bin")
	reference.integer(2, int64(Float))
	reference.text(8, "scale")
	reference.bytes(13, entry)
	graph.bytes(5, reference)
	external = protowire.AppendBytes(protowire.AppendTag(external, 7, protowire.BytesType), graph)
	whole := tiny().encode()
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "holds no graph"},
		"text":             {[]byte("<!DOCTYPE html><html>"), "truncated or damaged"},
		"truncated":        {whole[:len(whole)/2], "truncated or damaged"},
		"external weights": {external, `tensor "scale": its values are in another file`},
		"unknown operation": {with(func(m *Model) { m.nodes[2].op = "Teleport" }),
			"node the Conv is a Teleport, an operation that is not supported"},
		"another domain": {with(func(m *Model) { m.nodes[2].op = "com.microsoft.Conv" }), "com.microsoft.Conv"},
		"new version":    {with(func(m *Model) { m.opset = 99 }), "version 99"},
		"missing tensor": {with(func(m *Model) { m.nodes[2].inputs[1] = "nothing" }), `node the Conv (Conv) reads "nothing"`},
		"missing output": {with(func(m *Model) { m.outputs[0].Name = "nothing" }), `no node makes the output "nothing"`},
		"short weights": {with(func(m *Model) { m.initializers["scale"].raw = make([]byte, 7) }),
			`tensor "scale": its shape [2 1 1 1] has 7 bytes, want 8`},
		"negative shape": {with(func(m *Model) { m.initializers["scale"].Shape = []int{-2, 1, 1, 1} }), "impossible shape"},
		"strings":        {with(func(m *Model) { m.initializers["scale"].Type = 8 }), "elements of string"},
		"wrong broadcast": {with(func(m *Model) { m.initializers["scale"] = floatTensor([]int{3, 1, 1, 1}, make([]float32, 3)) }),
			"node the Mul (Mul): shapes [2 3 1 1] and [3 1 1 1] do not go together"},
	} {
		path := filepath.Join(t.TempDir(), "bad.onnx")
		if err := os.WriteFile(path, test.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := readAll(t, path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("reading a file with %s = %v, want one line with %q and %s", name, err, test.want, path)
		}
	}
}

func TestImportAsksForChoices(t *testing.T) {
	rgb := &imgproc.Preprocess{Channels: 3}
	one := []string{"embedding"}
	for name, test := range map[string]struct {
		options ImportOptions
		want    string
	}{
		"two outputs":         {ImportOptions{Preprocess: rgb}, "the network has 2 outputs, choose one: map, embedding"},
		"no preprocessing":    {ImportOptions{Outputs: one}, "how its images are prepared is not in the file"},
		"a wrong size":        {ImportOptions{Outputs: one, Preprocess: &imgproc.Preprocess{Channels: 3, Width: 9}}, "images of width 8, the preprocessing says 9"},
		"wrong channels":      {ImportOptions{Outputs: one, Preprocess: &imgproc.Preprocess{Channels: 1}}, "images of channels 3, the preprocessing says 1"},
		"an unknown output":   {ImportOptions{Outputs: []string{"other"}, Preprocess: rgb}, `no tensor "other"; its outputs are map, embedding`},
		"landmarks elsewhere": {ImportOptions{Outputs: one, Preprocess: rgb, Landmarks: [][2]float64{{0, 9}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}, "far outside"},
	} {
		m, err := Decode(tiny().encode())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Import(t.Context(), newBackend(t), m, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Import with %s = %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestImportedModelsEmbedAsTheirNetworkDoes(t *testing.T) {
	backend := newBackend(t)
	m, err := Decode(tiny().encode())
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := Import(t.Context(), backend, m, ImportOptions{Preprocess: &imgproc.Preprocess{Channels: 3}, Outputs: []string{"embedding"}, Normalize: true})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	read, err := modelfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := encoder.SpecOf(read)
	if err != nil || spec.Dim != 128 || read.Hash != file.Hash || spec.Preprocess.Height != 8 {
		t.Errorf("model read has dim %d, hash %q and height %d, %v, want 128, %q and 8", spec.Dim, read.Hash, spec.Preprocess.Height, err, file.Hash)
	}
	embedder, err := NewEmbedder(backend, read)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := embedder.Embed(context.Background(), waves(3, 8, 8, 3).Values)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		var length float64
		for _, v := range row {
			length += float64(v) * float64(v)
		}
		if len(row) != 128 || length < 0.9999 || length > 1.0001 {
			t.Errorf("embedding %d has %d numbers and squared length %v, want 128 and 1", i, len(row), length)
		}
	}
}

func TestImportedModelsSurviveExport(t *testing.T) {
	backend := newBackend(t)
	m, err := Decode(tiny().encode())
	if err != nil {
		t.Fatal(err)
	}
	threshold := float32(0.3)
	want, _, err := Import(t.Context(), backend, m, ImportOptions{
		Preprocess: &imgproc.Preprocess{Channels: 3, BGR: true}, Outputs: []string{"embedding"}, Normalize: true, Distance: "euclidean",
		Threshold: &threshold, Landmarks: [][2]float64{{.3, .4}, {.7, .4}, {.5, .6}, {.3, .8}, {.7, .8}},
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := Export(backend, want)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = Decode(data); err != nil {
		t.Fatal(err)
	}
	got, _, err := Import(t.Context(), backend, m, ImportOptions{Outputs: []string{"embedding"}})
	if err != nil {
		t.Fatal(err)
	}
	got.Networks, want.Networks = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("model differs after export and import (-before +after):\n%s", diff)
	}
}

func TestWrongInputsAreRefusedWithBothSizes(t *testing.T) {
	m, err := Decode(tiny().encode())
	if err != nil {
		t.Fatal(err)
	}
	run, err := NewNetwork(newBackend(t), m, "map")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		input Array
		want  string
	}{
		{waves(1, 9, 8, 3), "input image has shape [-1 3 8 8] in the network (-1 is open), given [1 3 9 8]"},
		{waves(3, 8, 8), "given [3 8 8]"},
		{Array{[]int{1, 8, 8, 3}, make([]float32, 5)}, "5 numbers, want [1 8 8 3]"},
	} {
		if _, err := run.Run(context.Background(), test.input); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Run(%v) = %v, want an error with %q", test.input.Shape, err, test.want)
		}
	}
}

// FuzzDecode reads damaged files and builds the graphs of those that can be read.
func FuzzDecode(f *testing.F) {
	f.Add(tiny().encode())
	for _, c := range append(opCases(), moreOpCases()...) {
		data, _, _ := c.file()
		f.Add(data)
	}
	backend := newBackend(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		var names []string
		for _, v := range m.outputs {
			names = append(names, v.Name)
		}
		run, err := NewNetwork(backend, m, names...)
		if err != nil {
			return
		}
		defer run.Close()
		var inputs []Array
		for _, v := range run.Inputs() {
			shape := slices.Clone(v.Shape)
			for i, dim := range shape {
				if dim == unknownDim {
					shape[i] = 2
				}
			}
			if product(shape) < 0 || product(shape) > 1<<12 {
				return
			}
			inputs = append(inputs, Array{shape, make([]float32, product(shape))})
		}
		if _, err := run.graph(inputs); err != nil && err.Error() == "" {
			t.Errorf("graph gives an error without words")
		}
	})
}
