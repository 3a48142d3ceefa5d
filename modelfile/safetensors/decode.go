package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

const (
	lengthBytes  = 8
	maxHeader    = 100_000_000 // as other readers of the format have it
	metadataName = "__metadata__"
)

// ReadFile reads the file at path. The error names the file and says what is wrong with it.
func ReadFile(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Decode reads a file's bytes; its tensors share memory with data. It accepts any content without panicking, and allocates
// no more than a small multiple of len(data).
func Decode(data []byte) (*File, error) {
	if len(data) < lengthBytes {
		return nil, fmt.Errorf("not a safetensors file, it has only %d bytes", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	if length > maxHeader {
		return nil, fmt.Errorf("not a safetensors file, its first bytes ask for a header of %d bytes", length)
	}
	rest := data[lengthBytes:]
	if length > uint64(len(rest)) {
		return nil, fmt.Errorf("the file is truncated, copy or download it again: the header has %d bytes, %d are there", length, len(rest))
	}
	f, spans, err := decodeHeader(rest[:length])
	if err != nil {
		return nil, err
	}
	return f, f.cut(rest[length:], spans)
}

// span is where a tensor's bytes lie, counted from the end of the header.
type span struct {
	tensor     Tensor
	begin, end int
}

func decodeHeader(header []byte) (*File, []span, error) {
	if !bytes.HasPrefix(header, []byte("{")) {
		return nil, nil, errors.New("not a safetensors file, its header is no JSON object")
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, nil, fmt.Errorf("damaged header: %w", err)
	}
	f := &File{Metadata: map[string]string{}}
	var spans []span
	for name, raw := range entries {
		if name == metadataName {
			if err := json.Unmarshal(raw, &f.Metadata); err != nil {
				return nil, nil, fmt.Errorf("damaged header, metadata: %w", err)
			}
			continue
		}
		s, err := decodeSpan(name, raw)
		if err != nil {
			return nil, nil, fmt.Errorf("damaged header, tensor %q: %w", name, err)
		}
		spans = append(spans, s)
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.tensor.Name, b.tensor.Name))
	})
	return f, spans, nil
}

// decodeSpan reads one tensor's entry. Its keys must be spelled exactly: encoding/json would forgive a changed case.
func decodeSpan(name string, raw json.RawMessage) (span, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return span{}, err
	}
	s := span{tensor: Tensor{Name: name}}
	var offsets []int
	for key, target := range map[string]any{"dtype": &s.tensor.DType, "shape": &s.tensor.Shape, "data_offsets": &offsets} {
		if err := json.Unmarshal(fields[key], target); err != nil {
			return span{}, fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(fields) != 3 || len(offsets) != 2 {
		return span{}, errors.New("want dtype, shape and two data_offsets")
	}
	s.begin, s.end = offsets[0], offsets[1]
	return s, s.check()
}

// check compares the length of the span with what type and shape need.
func (s span) check() error {
	size := s.tensor.DType.size()
	if size == 0 {
		return fmt.Errorf("unknown dtype %q", s.tensor.DType)
	}
	n, ok := elements(s.tensor.Shape)
	if !ok || s.begin < 0 || s.end < s.begin || s.end-s.begin != n*size {
		return fmt.Errorf("shape %v of %s does not fit data_offsets [%d, %d]", s.tensor.Shape, s.tensor.DType, s.begin, s.end)
	}
	return nil
}

// cut gives each tensor its bytes of data, which the spans must cover without gap or overlap.
func (f *File) cut(data []byte, spans []span) error {
	at := 0
	for _, s := range spans {
		if s.begin != at {
			return fmt.Errorf("damaged header: tensor %q starts at byte %d, want %d", s.tensor.Name, s.begin, at)
		}
		if s.end > len(data) {
			return fmt.Errorf("the file is truncated, copy or download it again: tensor %q ends at byte %d of the data, %d are there", s.tensor.Name, s.end, len(data))
		}
		s.tensor.Data = data[s.begin:s.end:s.end]
		f.Tensors = append(f.Tensors, s.tensor)
		at = s.end
	}
	if at != len(data) {
		return fmt.Errorf("damaged file: %d bytes after the last tensor", len(data)-at)
	}
	return nil
}
