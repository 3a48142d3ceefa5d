package onnx

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/internal/onnxruntime"
)

// opCase is a network of one operation on the input x.
type opCase struct {
	name       string
	op         string
	domain     string   // ONNX's own when empty
	opset      int      // 17 when 0
	kind       DataType // of x, which is whole numbers then; float32 when 0
	unit       bool     // x lies between 0 and 1
	x          []int
	others     []*Tensor // inputs after x; nil for one left out
	attributes map[string]attribute
	outputs    int // 1 when 0
}

func whole(v ...int64) attribute { return attribute{integers: v} }
func number(v int64) attribute   { return attribute{integer: v} }
func real32(v float32) attribute { return attribute{float: v} }
func word(v string) attribute    { return attribute{text: v} }

func numbers(shape ...int) *Tensor { return floatTensor(shape, waves(shape...).Values) }

// positive are numbers of at least 0.2.
func positive(shape ...int) *Tensor {
	a := waves(shape...)
	for i, v := range a.Values {
		a.Values[i] = 0.2 + v*v
	}
	return floatTensor(shape, a.Values)
}

func list(v ...int64) *Tensor     { return intTensor(Int64, []int{len(v)}, v) }
func floats(v ...float32) *Tensor { return floatTensor([]int{len(v)}, v) }
func single(v float32) *Tensor    { return floatTensor(nil, []float32{v}) }

type attributes = map[string]attribute

func opCases() []opCase {
	image := []int{2, 4, 7, 5} // ONNX's order
	cases := []opCase{
		{name: "Conv", op: "Conv", x: image, others: []*Tensor{numbers(6, 4, 3, 3), numbers(6)}, attributes: attributes{"pads": whole(1, 0, 2, 1)}},
		{name: "Conv grouped", op: "Conv", x: image, others: []*Tensor{numbers(6, 2, 3, 3)}, attributes: attributes{"group": number(2), "strides": whole(2, 1)}},
		{name: "Conv depthwise", op: "Conv", x: image, others: []*Tensor{numbers(4, 1, 3, 3), numbers(4)}, attributes: attributes{"group": number(4), "pads": whole(1, 1, 1, 1)}},
		{name: "Conv depthwise, two filters each", op: "Conv", x: image, others: []*Tensor{numbers(8, 1, 3, 3)}, attributes: attributes{"group": number(4)}},
		{name: "Conv dilated", op: "Conv", x: image, others: []*Tensor{numbers(3, 4, 2, 2)}, attributes: attributes{"dilations": whole(3, 2), "strides": whole(1, 2)}},
		{name: "Conv SAME_UPPER", op: "Conv", x: image, others: []*Tensor{numbers(3, 4, 2, 2)}, attributes: attributes{"auto_pad": word("SAME_UPPER"), "strides": whole(2, 2)}},
		{name: "Conv SAME_LOWER", op: "Conv", x: image, others: []*Tensor{numbers(3, 4, 2, 2)}, attributes: attributes{"auto_pad": word("SAME_LOWER")}},
		{name: "MaxPool", op: "MaxPool", x: image, attributes: attributes{"kernel_shape": whole(3, 2), "strides": whole(2, 2), "pads": whole(1, 0, 1, 1)}},
		{name: "MaxPool ceil", op: "MaxPool", x: image, attributes: attributes{"kernel_shape": whole(2, 2), "strides": whole(2, 2), "ceil_mode": number(1)}},
		{name: "AveragePool", op: "AveragePool", x: image, attributes: attributes{"kernel_shape": whole(2, 3)}},
		{name: "AveragePool padded", op: "AveragePool", x: image, attributes: attributes{"kernel_shape": whole(3, 3), "strides": whole(2, 2), "pads": whole(1, 1, 1, 1)}},
		{name: "AveragePool count_include_pad", op: "AveragePool", x: image, attributes: attributes{"kernel_shape": whole(3, 3), "pads": whole(1, 1, 0, 1), "count_include_pad": number(1)}},
		{name: "AveragePool ceil", op: "AveragePool", x: image, attributes: attributes{"kernel_shape": whole(2, 2), "strides": whole(2, 2), "ceil_mode": number(1)}},
		{name: "GlobalAveragePool", op: "GlobalAveragePool", x: image},
		{name: "GlobalMaxPool", op: "GlobalMaxPool", x: image},
		{name: "Gemm", op: "Gemm", x: []int{3, 4}, others: []*Tensor{numbers(4, 5), numbers(5)}, attributes: attributes{"alpha": real32(0.5), "beta": real32(2)}},
		{name: "Gemm transposed", op: "Gemm", x: []int{4, 3}, others: []*Tensor{numbers(5, 4)}, attributes: attributes{"transA": number(1), "transB": number(1)}},
		{name: "MatMul rows", op: "MatMul", x: image, others: []*Tensor{numbers(5, 3)}},
		{name: "MatMul batches", op: "MatMul", x: image, others: []*Tensor{numbers(2, 4, 5, 3)}},
		{name: "PRelu per channel", op: "PRelu", x: image, others: []*Tensor{numbers(4, 1, 1)}},
		{name: "PRelu steep", op: "PRelu", x: image, others: []*Tensor{floats(-7.9)}},
		{name: "LeakyRelu", op: "LeakyRelu", x: image, attributes: attributes{"alpha": real32(0.2)}},
		{name: "Elu", op: "Elu", x: image, attributes: attributes{"alpha": real32(0.7)}},
		{name: "HardSigmoid", op: "HardSigmoid", x: image, attributes: attributes{"alpha": real32(0.3)}},
		{name: "Clip", op: "Clip", x: image, others: []*Tensor{single(-0.5), single(0.25)}},
		{name: "Clip above only", op: "Clip", x: image, others: []*Tensor{nil, single(0.25)}},
		{name: "Clip version 6", op: "Clip", opset: 10, x: image, attributes: attributes{"min": real32(-0.5), "max": real32(6)}},
		{name: "Pow", op: "Pow", x: image, others: []*Tensor{single(2)}},
		{name: "Add per column", op: "Add", x: image, others: []*Tensor{numbers(5)}},
		{name: "Sub per channel", op: "Sub", x: image, others: []*Tensor{numbers(4, 1, 1)}},
		{name: "Mul with one more axis", op: "Mul", x: []int{4, 5}, others: []*Tensor{numbers(3, 1, 5)}},
		{name: "Div", op: "Div", x: image, others: []*Tensor{positive(1, 4, 7, 1)}},
		{name: "Min", op: "Min", x: image, others: []*Tensor{single(0.1), numbers(4, 7, 5)}},
		{name: "Max", op: "Max", x: image, others: []*Tensor{numbers(2, 4, 7, 5)}},
		{name: "BatchNormalization", op: "BatchNormalization", x: image, others: []*Tensor{numbers(4), numbers(4), numbers(4), positive(4)}, attributes: attributes{"epsilon": real32(1e-3)}},
		{name: "InstanceNormalization", op: "InstanceNormalization", x: image, others: []*Tensor{numbers(4), numbers(4)}, attributes: attributes{"epsilon": real32(1e-5)}},
		{name: "LayerNormalization", op: "LayerNormalization", x: image, others: []*Tensor{numbers(7, 5), numbers(7, 5)}, attributes: attributes{"axis": number(2)}},
		{name: "LpNormalization", op: "LpNormalization", x: image, attributes: attributes{"axis": number(1), "p": number(2)}},
		{name: "LpNormalization of magnitudes", op: "LpNormalization", x: image, attributes: attributes{"axis": number(-1), "p": number(1)}},
		{name: "Softmax over channels", op: "Softmax", x: image, attributes: attributes{"axis": number(1)}},
		{name: "Softmax version 11", op: "Softmax", opset: 11, x: image, attributes: attributes{"axis": number(2)}},
		{name: "LogSoftmax", op: "LogSoftmax", x: image},
		{name: "ReduceMean of channels", op: "ReduceMean", x: image, attributes: attributes{"axes": whole(1), "keepdims": number(0)}},
		{name: "ReduceMean of pixels", op: "ReduceMean", x: image, attributes: attributes{"axes": whole(-1, 2)}},
		{name: "ReduceSum", op: "ReduceSum", x: image, others: []*Tensor{list(0, 2)}, attributes: attributes{"keepdims": number(0)}},
		{name: "ReduceMax of all", op: "ReduceMax", x: image, attributes: attributes{"keepdims": number(0)}},
		{name: "ReduceMin", op: "ReduceMin", x: image, attributes: attributes{"axes": whole(3)}},
		{name: "ReduceL2", op: "ReduceL2", x: image, attributes: attributes{"axes": whole(1)}},
		{name: "ReduceSumSquare", op: "ReduceSumSquare", x: image, attributes: attributes{"axes": whole(1, 2)}},
		{name: "Reshape keeps and infers", op: "Reshape", x: image, others: []*Tensor{list(0, 0, -1)}},
		{name: "Reshape splits channels", op: "Reshape", x: image, others: []*Tensor{list(0, 2, 2, 7, 5)}},
		{name: "Reshape across axes", op: "Reshape", x: image, others: []*Tensor{list(2, 14, 10)}},
		{name: "Flatten", op: "Flatten", x: image, attributes: attributes{"axis": number(1)}},
		{name: "Flatten all", op: "Flatten", x: image, attributes: attributes{"axis": number(0)}},
		{name: "Squeeze", op: "Squeeze", x: []int{2, 1, 3, 1}, others: []*Tensor{list(-1)}},
		{name: "Unsqueeze", op: "Unsqueeze", x: []int{2, 3}, others: []*Tensor{list(0, 3)}},
		{name: "Transpose", op: "Transpose", x: image, attributes: attributes{"perm": whole(0, 2, 3, 1)}},
		{name: "Transpose all", op: "Transpose", x: image},
		{name: "Concat channels", op: "Concat", x: image, others: []*Tensor{numbers(2, 3, 7, 5)}, attributes: attributes{"axis": number(1)}},
		{name: "Slice", op: "Slice", x: image, others: []*Tensor{list(1, 0), list(1<<62, -1), list(1, 3), list(2, 1)}},
		{name: "Slice backwards", op: "Slice", x: image, others: []*Tensor{list(-1), list(-100), list(2), list(-2)}},
		{name: "Slice version 9", op: "Slice", opset: 9, x: image, attributes: attributes{"starts": whole(1), "ends": whole(3), "axes": whole(1)}},
		{name: "Split", op: "Split", x: image, others: []*Tensor{list(1, 3)}, attributes: attributes{"axis": number(1)}, outputs: 2},
		{name: "Split evenly", op: "Split", x: image, attributes: attributes{"axis": number(1)}, outputs: 2},
		{name: "Expand", op: "Expand", x: []int{4, 1, 5}, others: []*Tensor{list(2, 1, 3, 1)}},
		{name: "Pad", op: "Pad", x: image, others: []*Tensor{list(0, 1, 2, 0, 0, 0, 1, 3), single(0.5)}},
		{name: "Resize doubles", op: "Resize", x: image, others: []*Tensor{nil, floats(1, 1, 2, 2)}, attributes: attributes{"mode": word("nearest"), "coordinate_transformation_mode": word("asymmetric"), "nearest_mode": word("floor")}},
		{name: "Resize nearest to a size", op: "Resize", x: image, others: []*Tensor{nil, nil, list(2, 4, 10, 3)}, attributes: attributes{"mode": word("nearest")}},
		{name: "Resize linear", op: "Resize", x: image, others: []*Tensor{nil, floats(1, 1, 1.5, 0.6)}, attributes: attributes{"mode": word("linear")}},
		{name: "Resize align_corners", op: "Resize", x: image, others: []*Tensor{nil, nil, list(2, 4, 13, 9)}, attributes: attributes{"mode": word("linear"), "coordinate_transformation_mode": word("align_corners")}},
		{name: "Resize pytorch_half_pixel", op: "Resize", x: image, others: []*Tensor{nil, nil, list(2, 4, 1, 9)}, attributes: attributes{"mode": word("linear"), "coordinate_transformation_mode": word("pytorch_half_pixel")}},
		{name: "Upsample", op: "Upsample", opset: 9, x: image, others: []*Tensor{floats(1, 1, 3, 2)}, attributes: attributes{"mode": word("nearest")}},
		{name: "DepthToSpace", op: "DepthToSpace", x: []int{2, 8, 3, 2}, attributes: attributes{"blocksize": number(2)}},
		{name: "DepthToSpace CRD", op: "DepthToSpace", x: []int{2, 8, 3, 2}, attributes: attributes{"blocksize": number(2), "mode": word("CRD")}},
		{name: "Gelu", op: "Gelu", opset: 20, x: image},
		{name: "Mish", op: "Mish", opset: 18, x: image},
		{name: "Cast", op: "Cast", x: image, attributes: attributes{"to": number(1)}},
		{name: "Sum", op: "Sum", x: image, others: []*Tensor{numbers(5), numbers(4, 1, 1)}},
		{name: "Dropout", op: "Dropout", x: image},
	}
	for _, op := range strings.Fields("Identity Relu Sigmoid Tanh Exp Neg Abs Reciprocal Floor Ceil Erf Softplus HardSwish") {
		cases = append(cases, opCase{name: op, op: op, x: image})
	}
	return cases
}

// file is the case as an ONNX file, and the inputs and outputs of its network.
func (c opCase) file() (data []byte, x Array, outputs []string) {
	m := &Model{opset: c.opset, graph: graph{initializers: map[string]*Tensor{}}}
	if m.opset == 0 {
		m.opset = 17
	}
	n := &node{name: "it", op: c.op, domain: c.domain, inputs: []string{"x"}, attributes: c.attributes}
	for i, t := range c.others {
		name := ""
		if t != nil {
			name = string(rune('a' + i))
			m.initializers[name] = t
		}
		n.inputs = append(n.inputs, name)
	}
	for i := range max(1, c.outputs) {
		name := "y" + string(rune('0'+i))
		outputs = append(outputs, name)
		m.outputs = append(m.outputs, ValueInfo{Name: name})
	}
	n.outputs = outputs
	m.nodes = []*node{n}
	x = waves(c.x...)
	for i, v := range x.Values {
		if c.kind != 0 {
			x.Values[i] = c.kind.near(3 * v)
		}
		if c.unit {
			x.Values[i] = 0.5 + v/3
		}
	}
	m.inputs = []ValueInfo{{"x", max(c.kind, Float), c.x}}
	data = m.encode()
	if c.domain != "" {
		var opset message
		opset.text(1, c.domain)
		opset.integer(2, 1)
		file := message(data)
		file.bytes(8, opset)
		data = file
	}
	return data, x, outputs
}

// near is a number that a type of whole numbers has.
func (t DataType) near(v float32) float32 {
	switch v = float32(math.Round(float64(v))); t {
	case Bool:
		return min(1, max(0, v))
	case Uint8, Uint16, Uint32, Uint64:
		return max(v, -v)
	}
	return v
}

// ours runs the case here and gives the outputs in ONNX's order.
func (c opCase) ours(t *testing.T) []Array {
	t.Helper()
	data, x, outputs := c.file()
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	run, err := NewNetwork(newBackend(t), m, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	turned := len(x.Shape) == 4 && !m.imagesChannelsLast()
	if turned {
		x = inOurOrder(x)
	}
	got, err := run.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if len(got[i].Shape) == 4 && !m.imagesChannelsLast() {
			got[i] = channelsFirst(got[i])
		}
	}
	return got
}

func TestOperationsAgreeWithONNXRuntime(t *testing.T) {
	const file = "testdata/operations.json"
	references := map[string][]reference{}
	if text, err := os.ReadFile(file); err == nil && !*update {
		if err := json.Unmarshal(text, &references); err != nil {
			t.Fatal(err)
		}
	}
	tested := map[string]bool{}
	for _, c := range append(opCases(), moreOpCases()...) {
		tested[strings.TrimPrefix(c.domain+"."+c.op, ".")] = true
		t.Run(c.name, func(t *testing.T) {
			if *update {
				onnxruntime.Need(t)
				data, x, outputs := c.file()
				path := filepath.Join(t.TempDir(), "op.onnx")
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
				for _, a := range inRuntime(t, path, []ValueInfo{{Name: "x", Type: max(c.kind, Float)}}, []Array{x}, outputs) {
					references[c.name] = append(references[c.name], referenceOf(a))
				}
			}
			want := references[c.name]
			got := c.ours(t)
			if len(want) != len(got) {
				t.Fatalf("%d outputs, want %d", len(got), len(want))
			}
			for i := range got {
				r := referenceOf(got[i])
				if d := difference(r.Values, want[i].Values); !slices.Equal(r.Shape, want[i].Shape) || d > 1e-5 || difference([]float32{r.Largest}, []float32{want[i].Largest}) > 1e-5 {
					t.Errorf("output %d: %v %v, want %v %v", i, r.Shape, r.Values, want[i].Shape, want[i].Values)
				}
			}
		})
	}
	for op := range operations {
		if !tested[op] && !strings.Contains(" Acosh Constant ConstantOfShape Range NonZero If ", " "+op+" ") { // see select_test.go
			t.Errorf("operation %s has no test", op)
		}
	}
	if *update {
		writeJSON(t, file, references)
	}
}
