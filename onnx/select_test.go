package onnx

import (
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// small is a network of pictures x, [n, 3, 8, 8], to y. A line of it is an operation, its inputs, an arrow and its outputs.
func small(opset int, lines string, tensors map[string]*Tensor) *Model {
	m := &Model{opset: opset, graph: graph{initializers: map[string]*Tensor{}}}
	maps.Copy(m.initializers, tensors)
	m.inputs = []ValueInfo{{"x", Float, []int{unknownDim, 3, 8, 8}}}
	m.outputs = []ValueInfo{{Name: "y", Type: Float}}
	m.nodes = nodesOf(lines)
	return m
}

func nodesOf(lines string) []*node {
	var nodes []*node
	for line := range strings.Lines(lines) {
		left, right, _ := strings.Cut(line, "->")
		words := strings.Fields(left)
		if len(words) == 0 {
			continue
		}
		n := &node{name: "the " + words[0], op: words[0], inputs: words[1:], outputs: strings.Fields(right), attributes: attributes{}}
		if n.op == "MaxPool" {
			n.attributes = attributes{"kernel_shape": whole(2, 2), "strides": whole(2, 2)}
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// outputOf runs a file on pictures x.
func outputOf(t *testing.T, data []byte, x Array) Array {
	t.Helper()
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	run, err := NewNetwork(newBackend(t), m)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	got, err := run.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func TestOnlyWhatTheOutputsNeedCounts(t *testing.T) {
	x := waves(2, 8, 8, 3)
	for name, test := range map[string]struct {
		lines  string
		tensor *Tensor
	}{
		"a node that cannot run":         {"Relu x -> y\nTeleport x -> nothing", nil},
		"a node that lacks its input":    {"Relu x -> y\nRelu missing -> nothing", nil},
		"an output that is not computed": {"MaxPool x -> y indices", nil},
		"a tensor of words":              {"Relu x -> y", &Tensor{Type: 8, Shape: []int{2}}},
		"a failing constant":             {"Relu x -> y\nReshape a a -> nothing", list(5, 7)},
	} {
		tensors := map[string]*Tensor{}
		if test.tensor != nil {
			tensors["a"] = test.tensor
		}
		got := outputOf(t, small(17, test.lines, tensors).encode(), x)
		if got.Shape[0] != 2 {
			t.Errorf("a network with %s gives shape %v, want 2 results", name, got.Shape)
		}
	}
}

func TestOutputsThatAreNotComputedAreRefusedWhereTheyAreRead(t *testing.T) {
	m, err := Decode(small(17, "MaxPool x -> pool indices\nCast indices -> y", nil).encode())
	if err != nil {
		t.Fatal(err)
	}
	run, err := NewNetwork(newBackend(t), m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Run(context.Background(), waves(1, 8, 8, 3)); err == nil || !strings.Contains(err.Error(), "output 2 of node the MaxPool (MaxPool) is not supported") {
		t.Errorf("Run = %v, want an error that names output 2 of MaxPool", err)
	}
}

func TestShapesAreComputedWhenTheGraphIsBuilt(t *testing.T) {
	// Zeros and ones of the picture's own size, their places, and numbers counted up to its width.
	lines := `Shape x -> shape
Slice shape one four -> size
ConstantOfShape size -> zeros
Gather size two -> width
Range zero width step -> count
Equal count three -> third
NonZero third -> place
Squeeze place -> at
Gather x at -> column
Add zeros x -> same
Sub same x -> nothing
ReduceSum nothing -> none
Add column none -> y`
	m := small(13, lines, map[string]*Tensor{
		"one": list(1), "four": list(4), "two": single64(2), "zero": single64(0), "step": single64(1), "three": single64(3),
	})
	for _, n := range m.nodes {
		if n.op == "Gather" && n.inputs[0] == "x" {
			n.attributes = attributes{"axis": number(3)}
		}
		if n.op == "ReduceSum" {
			n.attributes = attributes{"keepdims": number(0)}
		}
	}
	x := waves(2, 8, 8, 3)
	got := outputOf(t, m.encode(), x)
	if !slices.Equal(got.Shape, []int{2, 3, 8}) {
		t.Fatalf("shape %v, want the third column of every picture, [2 3 8]", got.Shape)
	}
	for i, v := range got.Values {
		if want := x.Values[((i/24*8+i%8)*8+3)*3+i/8%3]; math.Abs(float64(v-want)) > 1e-5 {
			t.Fatalf("number %d = %v, want %v", i, v, want)
		}
	}
}

// withBranches is a network that takes one of two branches; both read tensors of the graph around them.
func withBranches(condition *Tensor) []byte {
	m := small(17, "If condition -> chosen\nAdd chosen x -> y", map[string]*Tensor{"condition": condition})
	branch := func(lines string) message {
		inner := &Model{graph: graph{nodes: nodesOf(lines), initializers: map[string]*Tensor{"half": single(0.5)}, outputs: []ValueInfo{{Name: "out", Type: Float}}}}
		return inner.encodeGraph()
	}
	const graphKind = 5
	n := message(m.nodes[0].encode())
	for name, lines := range map[string]string{"then_branch": "Mul x half -> out", "else_branch": "Teleport x -> out"} {
		var a message
		a.text(1, name)
		a.bytes(6, branch(lines))
		a.integer(20, graphKind)
		n.bytes(5, a)
	}
	var g message
	g.bytes(1, n)
	m.nodes = m.nodes[1:]
	return rejoined(m, g)
}

// rejoined is a file whose graph begins with other fields.
func rejoined(m *Model, first message) []byte {
	var out message
	_ = fields(m.encode(), func(f field) error {
		if f.number == 7 {
			f.bytes = append(slices.Clone(first), f.bytes...)
		}
		out.field(f)
		return nil
	})
	return out
}

func TestAConstantConditionTakesItsBranch(t *testing.T) {
	x := waves(2, 8, 8, 3)
	got := outputOf(t, withBranches(intTensor(Bool, nil, []int64{1})), x)
	for i, v := range got.Values {
		if want := 1.5 * x.Values[i]; math.Abs(float64(v-want)) > 1e-6 {
			t.Fatalf("number %d = %v, want %v", i, v, want)
		}
	}
	m, err := Decode(withBranches(intTensor(Bool, nil, []int64{0})))
	if err != nil {
		t.Fatal(err)
	}
	run, err := NewNetwork(newBackend(t), m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Run(context.Background(), x); err == nil || !strings.Contains(err.Error(), "the Teleport is a Teleport, an operation that is not supported") {
		t.Errorf("Run of the other branch = %v, want an error that names Teleport", err)
	}
}

func TestFunctionsOfTheFileAreTakenIn(t *testing.T) {
	m := small(17, "Twice x -> double\nTwice double -> y", nil)
	for _, n := range m.nodes {
		n.domain = "mine"
	}
	// Twice(a) = LeakyRelu(a)·2 with the slope that a call gives; it stands in for the rest of a file's functions.
	var slope, inner, f, file message
	slope.text(1, "alpha")
	slope.text(21, "slope")
	leaky := message(nodesOf("LeakyRelu a -> leaky")[0].encode())
	leaky.bytes(5, slope)
	inner = nodesOf("Add leaky leaky -> out")[0].encode()
	f.text(1, "Twice")
	f.text(4, "a")
	f.text(5, "out")
	f.text(6, "slope")
	f.bytes(7, leaky)
	f.bytes(7, inner)
	f.text(10, "mine")
	for _, n := range m.nodes {
		n.attributes = attributes{"slope": real32(0.5)}
	}
	file = m.encode()
	file.bytes(25, f)
	x := waves(2, 8, 8, 3)
	got := outputOf(t, file, x)
	for i, v := range got.Values {
		want := 4 * x.Values[i]
		if want < 0 {
			want /= 4
		}
		if math.Abs(float64(v-want)) > 1e-5 {
			t.Fatalf("number %d = %v, want %v", i, v, want)
		}
	}
}

func TestFunctionsThatCallThemselvesAreRefused(t *testing.T) {
	m := small(17, "Again x -> y", nil)
	m.nodes[0].domain = "mine"
	call := nodesOf("Again a -> out")[0]
	call.domain = "mine"
	var f message
	f.text(1, "Again")
	f.text(4, "a")
	f.text(5, "out")
	f.bytes(7, call.encode())
	f.text(10, "mine")
	file := message(m.encode())
	file.bytes(25, f)
	decoded, err := Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decoded.Select(newBackend(t), ""); err == nil || !strings.Contains(err.Error(), "too deeply") {
		t.Errorf("Select = %v, want an error that it lies too deeply", err)
	}
}

// elsewhereTensor is an initializer whose values lie in another file.
func elsewhereTensor(name string, shape []int, entries map[string]string) message {
	var t message
	for _, dim := range shape {
		t.integer(1, int64(dim))
	}
	t.integer(2, int64(Float))
	t.text(8, name)
	for key, value := range entries {
		var entry message
		entry.text(1, key)
		entry.text(2, value)
		t.bytes(13, entry)
	}
	t.integer(14, 1)
	var g message
	g.bytes(5, t)
	return g
}

func TestWeightsInOtherFilesAreRead(t *testing.T) {
	folder := t.TempDir()
	values := []float32{3, 1, -2}
	raw := append(make([]byte, 8), packed(Float, values, nil, nil)...)
	write := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("model/weights/w.bin", raw)
	write("outside.bin", raw)
	base := small(17, "Mul x w -> y", nil)
	entries := map[string]string{"location": "weights/w.bin", "offset": "8", "length": "12"}
	path := write("model/net.onnx", rejoined(base, elsewhereTensor("w", []int{3, 1, 1}, entries)))
	m, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x := waves(1, 8, 8, 3)
	got := outputOf(t, m.Bytes(), x) // the bytes need no other file any more
	for i, v := range got.Values {
		if want := x.Values[i] * values[i%3]; v != want {
			t.Fatalf("number %d = %v, want %v", i, v, want)
		}
	}
	for name, test := range map[string]struct {
		entries map[string]string
		want    string
	}{
		"outside the folder": {map[string]string{"location": "../outside.bin"}, "escapes"},
		"nowhere":            {map[string]string{"location": "gone.bin"}, "no such file"},
		"too short":          {map[string]string{"location": "weights/w.bin", "offset": "12", "length": "12"}, "has 20 bytes, the network wants 12 from 12 on"},
		"a folder":           {map[string]string{"location": "weights"}, "no file"},
	} {
		path := write("model/bad.onnx", rejoined(base, elsewhereTensor("w", []int{3, 1, 1}, test.entries)))
		if _, err := readAll(t, path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), `tensor "w"`) {
			t.Errorf("weights %s: %v, want an error with %q", name, err, test.want)
		}
	}
	path = write("model/unused.onnx", rejoined(small(17, "Relu x -> y", nil), elsewhereTensor("w", []int{3}, map[string]string{"location": "gone.bin"})))
	if _, err := readAll(t, path); err != nil {
		t.Errorf("weights that nothing reads and that are missing: %v, want no error", err)
	}
}

func TestUnpackedNibbles(t *testing.T) {
	var m message
	m.integer(1, 3)
	m.integer(2, int64(Int4))
	m = protowire.AppendBytes(protowire.AppendTag(m, 9, protowire.BytesType), []byte{0x8f, 0x07})
	got, err := readTensor(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{-1, -8, 7}; !slices.Equal(got.Int64s(), want) {
		t.Errorf("int4 numbers = %v, want %v", got.Int64s(), want)
	}
}
