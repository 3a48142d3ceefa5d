package onnx

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// read takes one entry, a key and its value, of a tensor's external_data.
func (e *elsewhere) read(entry []byte) error {
	var key, value string
	err := fields(entry, func(f field) error {
		switch f.number {
		case 1:
			key = string(f.bytes)
		case 2:
			value = string(f.bytes)
		}
		return nil
	})
	switch key {
	case "location":
		e.file = value
	case "offset":
		e.offset, _ = strconv.ParseInt(value, 10, 64)
	case "length":
		e.length, _ = strconv.ParseInt(value, 10, 64)
	}
	return err
}

// ReadFile reads an ONNX file, and the files beside it that hold its weights; those must lie in the same folder or below it.
// Errors name the file and what is wrong with it.
func ReadFile(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read network: %w", err)
	}
	m, err := decodeIn(filepath.Dir(path), data)
	if err != nil {
		return nil, fmt.Errorf("read network %s: %w", path, err)
	}
	return m, nil
}

// decodeIn is [Decode] of a network whose weights may lie in other files of a folder.
func decodeIn(folder string, data []byte) (*Model, error) {
	if !bytes.Contains(data, []byte("location")) {
		return Decode(data)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	w := weightFiles{root: root, problems: map[string]error{}}
	whole, err := w.rewritten(data, inModel, 0)
	if err != nil {
		return nil, err
	}
	if w.total > 0 {
		data = whole
	}
	m, err := Decode(data)
	if err != nil {
		return nil, err
	}
	for name, t := range m.initializers {
		if problem := w.problems[name]; problem != nil {
			t.problem = problem
		}
	}
	return m, nil
}

// weightFiles are the files of one folder that hold weights.
type weightFiles struct {
	root     *os.Root         // opens nothing outside its folder
	total    int64            // bytes read
	problems map[string]error // of tensors that could not be read, and stay as they are: perhaps nothing needs them
}

// part is a kind of message in an ONNX file.
type part int

const (
	inModel part = iota
	inGraph
	inFunction
	inNode
	inAttribute
	inTensor
)

// partsIn are the fields in which tensors lie.
var partsIn = [...]map[protowire.Number]part{
	inModel:     {7: inGraph, 25: inFunction},
	inGraph:     {1: inNode, 5: inTensor},
	inFunction:  {7: inNode},
	inNode:      {5: inAttribute},
	inAttribute: {5: inTensor, 6: inGraph, 10: inTensor, 11: inGraph},
}

// rewritten is a message in which no tensor lies elsewhere.
func (w *weightFiles) rewritten(data []byte, at part, depth int) ([]byte, error) {
	if at == inTensor {
		return w.tensor(data)
	}
	if depth > 4*maxDepth {
		return nil, errTooDeep
	}
	var out message
	err := fields(data, func(f field) error {
		inner, has := partsIn[at][f.number]
		if !has || f.kind != protowire.BytesType {
			out.field(f)
			return nil
		}
		text, err := w.rewritten(f.bytes, inner, depth+1)
		out.bytes(f.number, text)
		return err
	})
	return out, err
}

// tensor is a TensorProto with its elements in it.
func (w *weightFiles) tensor(data []byte) ([]byte, error) {
	s, err := readStored(data)
	if err != nil || s.file == "" {
		return data, err
	}
	raw, err := w.read(s.elsewhere)
	if err != nil {
		w.problems[s.name] = err
		return data, nil
	}
	const rawData, externalData, location = 9, 13, 14
	var out message
	err = fields(data, func(f field) error {
		if f.number != externalData && f.number != location {
			out.field(f)
		}
		return nil
	})
	out.bytes(rawData, raw)
	return out, err
}

// maxWeights is the most that weights in other files may take, bytes: what one ONNX file can hold.
const maxWeights = 1<<31 - 1

func (w *weightFiles) read(e elsewhere) ([]byte, error) {
	name := filepath.FromSlash(e.file)
	info, err := w.root.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("its values are in another file: %w; keep that in the network's folder", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("its values are in %s, which is no file", e.file)
	}
	if e.length == 0 {
		e.length = info.Size() - e.offset
	}
	if e.offset < 0 || e.length < 0 || e.offset > info.Size() || e.length > info.Size()-e.offset {
		return nil, fmt.Errorf("%s has %d bytes, the network wants %d from %d on: the file is truncated or belongs to another", e.file, info.Size(), e.length, e.offset)
	}
	if w.total += e.length; w.total > maxWeights {
		return nil, fmt.Errorf("the weights take more than %d bytes", maxWeights)
	}
	file, err := w.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw := make([]byte, e.length)
	_, err = io.ReadFull(io.NewSectionReader(file, e.offset, e.length), raw)
	return raw, err
}
