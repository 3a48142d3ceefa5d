package onnx

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message: its number, and either a scalar's bits or the bytes of what has a length.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bits   uint64
	bytes  []byte
}

var errTruncated = errors.New("the file is truncated or damaged: copy or download it again")

// fields calls each for every field of a message.
func fields(message []byte, each func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errTruncated
		}
		message = message[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(message)
			f.bits = uint64(bits)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			return errTruncated
		}
		if n < 0 {
			return errTruncated
		}
		message = message[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// integers appends a repeated integer field, which may come packed or one by one.
func (f field) integers(list []int64) ([]int64, error) {
	if f.kind != protowire.BytesType {
		return append(list, int64(f.bits)), nil
	}
	for rest := f.bytes; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return nil, errTruncated
		}
		list, rest = append(list, int64(v)), rest[n:]
	}
	return list, nil
}

// floats appends a repeated float field.
func (f field) floats(list []float32) ([]float32, error) {
	if f.kind != protowire.BytesType {
		return append(list, math.Float32frombits(uint32(f.bits))), nil
	}
	if len(f.bytes)%4 != 0 {
		return nil, errTruncated
	}
	for at := 0; at < len(f.bytes); at += 4 {
		list = append(list, math.Float32frombits(le.Uint32(f.bytes[at:])))
	}
	return list, nil
}
