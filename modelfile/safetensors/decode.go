package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/siam-go/siam/internal/memory"
)

const (
	lengthBytes  = 8
	maxHeader    = 100_000_000 // as other readers of the format have it
	metadataName = "__metadata__"
)

// ReadFile reads the file at path, each tensor into memory of its own that suits numbers of any size. The error names the file and
// says what is wrong with it.
func ReadFile(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f, err := read(file)
	if err != nil && !errors.As(err, new(*fs.PathError)) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return f, err
}

func read(file *os.File) (*File, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // of unknown length
		data, err := io.ReadAll(file)
		if err != nil {
			return nil, err
		}
		return Decode(data)
	}
	var start [lengthBytes]byte
	n, err := io.ReadFull(file, start[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	length, err := headerLength(start[:n], info.Size())
	if err != nil {
		return nil, err
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(file, header); err != nil {
		return nil, err
	}
	f, spans, err := decodeHeader(header)
	if err != nil {
		return nil, err
	}
	return f, f.fill(spans, int(info.Size())-lengthBytes-length, func(s span) ([]byte, error) {
		data := memory.Allocate(s.end - s.begin)
		_, err := io.ReadFull(file, data)
		return data, err
	})
}

// Decode reads a file's bytes; its tensors share memory with data. It accepts any content without panicking, and allocates
// no more than a small multiple of len(data).
func Decode(data []byte) (*File, error) {
	length, err := headerLength(data, int64(len(data)))
	if err != nil {
		return nil, err
	}
	rest := data[lengthBytes:]
	f, spans, err := decodeHeader(rest[:length])
	if err != nil {
		return nil, err
	}
	rest = rest[length:]
	return f, f.fill(spans, len(rest), func(s span) ([]byte, error) { return rest[s.begin:s.end:s.end], nil })
}

// headerLength reads the length of the header of a file of some size from its first bytes.
func headerLength(start []byte, size int64) (int, error) {
	if len(start) < lengthBytes {
		return 0, fmt.Errorf("not a safetensors file, it has only %d bytes", len(start))
	}
	length := binary.LittleEndian.Uint64(start)
	if length > maxHeader {
		return 0, errors.New("not a safetensors file")
	}
	if rest := size - lengthBytes; int64(length) > rest {
		return 0, fmt.Errorf("the file is truncated, copy or download it again: the header has %d bytes, %d are there", length, rest)
	}
	return int(length), nil
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

// fill gives each tensor its bytes of the data, in order; the spans must cover all of them without gap or overlap.
func (f *File) fill(spans []span, length int, bytes func(s span) ([]byte, error)) error {
	if err := checkCover(spans, length); err != nil {
		return err
	}
	for _, s := range spans {
		var err error
		if s.tensor.Data, err = bytes(s); err != nil {
			return err
		}
		f.Tensors = append(f.Tensors, s.tensor)
	}
	return nil
}

func checkCover(spans []span, length int) error {
	at := 0
	for _, s := range spans {
		if s.begin != at {
			return fmt.Errorf("damaged header: tensor %q starts at byte %d, want %d", s.tensor.Name, s.begin, at)
		}
		if s.end > length {
			return fmt.Errorf("the file is truncated, copy or download it again: tensor %q ends at byte %d of the data, %d are there", s.tensor.Name, s.end, length)
		}
		at = s.end
	}
	if at != length {
		return fmt.Errorf("damaged file: %d bytes after the last tensor", length-at)
	}
	return nil
}
