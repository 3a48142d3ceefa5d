package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/modelfile/safetensors"
)

// identicalCommand: identical FILE FILE, or ! identical.
func identicalCommand(ts *testscript.TestScript, neg bool, args []string) {
	a, b := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	if (a == b) == neg {
		ts.Fatalf("%s (%d bytes) and %s (%d bytes): identical %v, want %v", args[0], len(a), args[1], len(b), a == b, !neg)
	}
}

// flipCommand: flip FILE OFFSET TO writes a copy with one bit of one byte changed; an OFFSET below 0 counts from the end.
func flipCommand(ts *testscript.TestScript, _ bool, args []string) {
	content := []byte(ts.ReadFile(args[0]))
	at := number(ts, args[1])
	if at < 0 {
		at += len(content)
	}
	content[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), content, 0o644))
}

// cutCommand: cut FILE BYTES TO writes the first bytes of a file; BYTES below 0 says how many to leave out.
func cutCommand(ts *testscript.TestScript, _ bool, args []string) {
	content := []byte(ts.ReadFile(args[0]))
	size := number(ts, args[1])
	if size < 0 {
		size += len(content)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), content[:size], 0o644))
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// hugePNGCommand: hugepng FILE SIDE writes a PNG whose header promises SIDE×SIDE grey pixels, which are not there.
func hugePNGCommand(ts *testscript.TestScript, _ bool, args []string) {
	side := uint32(number(ts, args[1]))
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), side)
	header = binary.BigEndian.AppendUint32(header, side)
	header = append(header, 8, 0, 0, 0, 0) // bits, grey, compression, filter, interlace
	var png bytes.Buffer
	png.WriteString("\x89PNG\r\n\x1a\n")
	for _, chunk := range [][]byte{header, []byte("IDAT"), []byte("IEND")} {
		png.Write(binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4)))
		png.Write(chunk)
		png.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), png.Bytes(), 0o644))
}

// foreignCommand: foreign FILE writes a sound safetensors file that is no model.
func foreignCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check((&safetensors.File{}).WriteFile(ts.MkAbs(args[0])))
}

// vgg16Command: vgg16 FILE writes a safetensors file with the names and shapes of torchvision's VGG16, all zeros.
func vgg16Command(ts *testscript.TestScript, _ bool, args []string) {
	var f safetensors.File
	layer, channels := 0, 3
	for _, row := range [][]int{{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}} {
		for _, width := range row {
			name := fmt.Sprintf("features.%d.", layer)
			f.Tensors = append(f.Tensors, safetensors.FromFloat32(name+"weight", []int{width, channels, 3, 3}, make([]float32, 9*width*channels)),
				safetensors.FromFloat32(name+"bias", []int{width}, make([]float32, width)))
			layer, channels = layer+2, width
		}
		layer++
	}
	ts.Check(f.WriteFile(ts.MkAbs(args[0])))
}

// pyramidCommand: pyramid FILE writes an encoder of feature maps, whose network is none.
func pyramidCommand(ts *testscript.TestScript, _ bool, args []string) {
	spec, err := json.Marshal(encoder.Spec{
		Arch: encoder.Imported, Outputs: []string{"s4", "s8"},
		Preprocess: imgproc.Preprocess{Height: 32, Width: 32, Channels: 3, Mean: []float32{0, 0, 0}, Std: []float32{1, 1, 1}},
	})
	ts.Check(err)
	file := modelfile.File{Kind: modelfile.Encoder, Spec: spec, Distance: "cosine"}
	ts.Check(file.Write(ts.MkAbs(args[0])))
}

// npyCommand: npy FILE ROWS COLUMNS wants a NumPy file, version 1.0, of little-endian float32 with unit rows.
func npyCommand(ts *testscript.TestScript, _ bool, args []string) {
	content := []byte(ts.ReadFile(args[0]))
	rows, columns := number(ts, args[1]), number(ts, args[2])
	if !bytes.HasPrefix(content, []byte("\x93NUMPY\x01\x00")) || len(content) < 10 {
		ts.Fatalf("%s does not begin as a .npy file", args[0])
	}
	start := 10 + int(binary.LittleEndian.Uint16(content[8:]))
	literal := string(content[10:start])
	want := regexp.MustCompile(`^\{'descr': '<f4', 'fortran_order': False, 'shape': \(` + args[1] + `, ` + args[2] + `\), \} *\n$`)
	if !want.MatchString(literal) || start%64 != 0 {
		ts.Fatalf("%s has the header %q, numbers from byte %d; want %s and a multiple of 64", args[0], literal, start, want)
	}
	values := make([]float32, rows*columns)
	if len(content)-start != 4*len(values) {
		ts.Fatalf("%s has %d bytes of numbers, want %d", args[0], len(content)-start, 4*len(values))
	}
	ts.Check(binary.Read(bytes.NewReader(content[start:]), binary.LittleEndian, values))
	for i := range rows {
		var squares float64
		for _, v := range values[i*columns : (i+1)*columns] {
			squares += float64(v) * float64(v)
		}
		if squares < 0.999 || squares > 1.001 {
			ts.Fatalf("%s: row %d has length² %v, want 1", args[0], i, squares)
		}
	}
}

// oddNetworkCommand: oddnetwork FILE writes an ONNX network for single images of 2×2 pixels, whose output odd comes from an operation that
// there is not.
func oddNetworkCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oddnetwork FILE")
	}
	field := func(number int, parts ...string) string { // of protocol buffers: bytes
		body := strings.Join(parts, "")
		return string([]byte{byte(number<<3 | 2), byte(len(body))}) + body
	}
	number := func(n int, value byte) string { return string([]byte{byte(n << 3), value}) }
	tensor := func(name string, shape ...byte) string {
		dims := ""
		for _, d := range shape {
			dims += field(1, number(1, d))
		}
		return field(1, name) + field(2, field(1, number(1, 1), field(2, dims)))
	}
	graph := field(1, field(1, "x"), field(2, "embedding"), field(4, "Flatten")) + field(1, field(1, "x"), field(2, "odd"), field(4, "NoSuchOperation")) +
		field(2, "g") + field(11, tensor("x", 1, 1, 2, 2)) + field(12, tensor("embedding", 1, 4)) + field(12, tensor("odd", 1, 4))
	model := number(1, 8) + field(2, "by hand") + "\x3a" + string([]byte{byte(len(graph)&127 | 128), byte(len(graph) >> 7)}) + graph + field(8, number(2, 17))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(model), 0o644))
}
