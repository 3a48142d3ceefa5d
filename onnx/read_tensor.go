package onnx

import "fmt"

// readValueInfo reads the name, element type and shape of an input or output of the graph.
func readValueInfo(message []byte) (ValueInfo, error) {
	var v ValueInfo
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Name = string(f.bytes)
		case 2:
			return v.readType(f.bytes)
		}
		return nil
	})
	return v, err
}

// readType reads a TypeProto: a tensor's, or one of the others, whose content does not matter.
func (v *ValueInfo) readType(message []byte) error {
	return fields(message, func(f field) error {
		if f.number == 1 {
			return v.readTensorType(f.bytes)
		}
		v.Type = noTensor
		return nil
	})
}

func (v *ValueInfo) readTensorType(message []byte) error {
	return fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Type = DataType(f.bits)
		case 2:
			v.Shape = []int{}
			return fields(f.bytes, func(f field) error {
				dim := unknownDim
				err := fields(f.bytes, func(f field) error {
					if f.number == 1 && int64(f.bits) > 0 && f.bits < maxElements {
						dim = int(f.bits)
					}
					return nil
				})
				v.Shape = append(v.Shape, dim)
				return err
			})
		}
		return nil
	})
}

// storedTensor is a TensorProto: its elements may come as raw bytes, in a field of their type, or lie in another file.
type storedTensor struct {
	kind     DataType
	name     string
	dims     []int64
	raw      []byte
	floats   []float32
	integers []int64
	doubles  []byte
	elsewhere
}

// elsewhere says where in another file the elements of a tensor lie.
type elsewhere struct {
	file           string // empty when they are here
	offset, length int64  // length 0 is all that is left
}

func readStored(message []byte) (s storedTensor, err error) {
	err = fields(message, func(f field) (err error) {
		switch f.number {
		case 1:
			s.dims, err = f.integers(s.dims)
		case 2:
			s.kind = DataType(f.bits)
		case 4:
			s.floats, err = f.floats(s.floats)
		case 5, 7, 11:
			s.integers, err = f.integers(s.integers)
		case 8:
			s.name = string(f.bytes)
		case 9:
			s.raw = f.bytes
		case 10:
			s.doubles = f.bytes
		case 13:
			err = s.elsewhere.read(f.bytes)
		}
		return err
	})
	return s, err
}

// readTensor reads a tensor. One that cannot be used is no error yet: perhaps nothing needs it.
func readTensor(message []byte) (*Tensor, error) {
	s, err := readStored(message)
	if err != nil {
		return nil, err
	}
	t := &Tensor{Name: s.name, Type: s.kind}
	t.problem = t.fill(s)
	return t, nil
}

// fill takes the shape and the elements, or says why it cannot.
func (t *Tensor) fill(s storedTensor) error {
	if err := t.setShape(s.dims); err != nil {
		return err
	}
	if s.file != "" {
		return fmt.Errorf("its values are in another file, %s, which is not here", s.file)
	}
	if s.kind.bits() == 0 {
		return fmt.Errorf("it has elements of %s, which is not supported", s.kind)
	}
	t.raw = s.raw
	if t.raw == nil {
		t.raw = packed(t.Type, s.floats, s.integers, s.doubles)
	}
	if want := (t.Size()*t.Type.bits() + 7) / 8; len(t.raw) != want {
		return fmt.Errorf("its shape %v has %d bytes, want %d: the file is truncated or damaged", t.Shape, len(t.raw), want)
	}
	t.unpack()
	return nil
}
