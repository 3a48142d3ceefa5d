package cpu

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Buffer implements compute.Buffer: a tensor in memory.
type Buffer struct {
	backend *Backend
	shape   shapes.Shape
	mem     []byte
	state   atomic.Int32
	exposed atomic.Bool // whether others hold the memory and may write to it at any time
	lent    bool        // the memory is somebody else's, who leaves it as it is
	packed  sync.Map    // from the way it was packed to []byte
}

var _ compute.Buffer = (*Buffer)(nil)

// States of a Buffer. A donated one may still be finalized by its former owner, without effect.
const (
	bufferLive int32 = iota
	bufferDonated
	bufferFinalized
)

// byteSize is the length of a tensor in memory.
func byteSize(shape shapes.Shape) int {
	return shape.DType.SizeForDimensions(shape.Size())
}

// flatBytes views a slice of any data type as bytes.
func flatBytes(flat any) []byte {
	return dtypes.UnsafeByteSliceFromAny(flat)
}

// flatOf views memory as a slice of the Go type of dtype.
func flatOf(mem []byte, shape shapes.Shape) any {
	if shape.Size() == 0 {
		return dtypes.MakeAnySlice(shape.DType, 0)
	}
	return dtypes.UnsafeAnySliceFromBytes(unsafe.Pointer(unsafe.SliceData(mem)), shape.DType, shape.Size())
}

// checkFlat returns an error unless flat is a slice that holds exactly a tensor of the given shape.
func checkFlat(flat any, shape shapes.Shape) error {
	t := reflect.TypeOf(flat)
	if t == nil && shape.Size() == 0 {
		return nil
	}
	if t == nil || t.Kind() != reflect.Slice {
		return fmt.Errorf("data of type %T, want a slice", flat)
	}
	if shape.DType.IsPacked() {
		if t.Elem().Kind() != reflect.Uint8 {
			return fmt.Errorf("data of type %T for packed %s, want []uint8", flat, shape)
		}
	} else if dtypes.FromGoType(t.Elem()) != shape.DType {
		return fmt.Errorf("data of type %T for shape %s", flat, shape)
	}
	if got, want := len(flatBytes(flat)), byteSize(shape); got != want {
		return fmt.Errorf("%d bytes of data for shape %s, want %d", got, shape, want)
	}
	return nil
}

func (b *Buffer) flat() any { return flatOf(b.mem, b.shape) }

// check returns an error if the buffer cannot be used any more.
func (b *Buffer) check() error {
	switch {
	case b == nil:
		return errors.New("cpu backend: nil buffer")
	case b.state.Load() == bufferDonated:
		return fmt.Errorf("cpu backend: buffer %s was donated to an earlier execution", b.shape)
	case b.state.Load() == bufferFinalized:
		return fmt.Errorf("cpu backend: buffer %s was finalized", b.shape)
	case b.backend.IsFinalized():
		return errors.New("cpu backend: it was finalized")
	}
	return nil
}

// Backend implements compute.Buffer.
func (b *Buffer) Backend() compute.Backend { return b.backend }

// Finalize implements compute.Buffer: its memory may serve another one from then on. Finalizing a donated buffer does nothing.
func (b *Buffer) Finalize() error {
	if b == nil {
		return errors.New("cpu backend: nil buffer")
	}
	if b.state.CompareAndSwap(bufferLive, bufferFinalized) {
		if !b.lent {
			b.backend.memory.giveBack(b.mem)
		}
		b.mem = nil
		b.packed.Clear()
		return nil
	}
	if b.state.Load() == bufferFinalized {
		return fmt.Errorf("cpu backend: buffer %s was already finalized", b.shape)
	}
	return nil
}

// Shape implements compute.Buffer.
func (b *Buffer) Shape() (shapes.Shape, error) {
	if b == nil {
		return shapes.Invalid(), errors.New("cpu backend: nil buffer")
	}
	return b.shape, nil
}

// DeviceNum implements compute.Buffer.
func (b *Buffer) DeviceNum() (compute.DeviceNum, error) { return 0, b.check() }

// ToFlatData implements compute.Buffer.
func (b *Buffer) ToFlatData(flat any) error {
	if err := b.check(); err != nil {
		return err
	}
	if err := checkFlat(flat, b.shape); err != nil {
		return fmt.Errorf("cpu backend: ToFlatData: %w", err)
	}
	copy(flatBytes(flat), b.mem)
	return nil
}

// Data implements compute.Buffer: the memory itself, as a slice of the data type's Go type.
func (b *Buffer) Data() (any, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	b.exposed.Store(true)
	return b.flat(), nil
}

// CopyToDevice implements compute.Buffer.
func (b *Buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	return b.backend.BufferFromFlatData(device, b.flat(), b.shape)
}

// elementType is the type of the elements of a slice.
func elementType(flat any) reflect.Type {
	t := reflect.TypeOf(flat)
	if t.Kind() != reflect.Slice {
		return nil
	}
	return t.Elem()
}
