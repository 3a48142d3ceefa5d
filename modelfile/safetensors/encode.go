package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/siam-go/siam/internal/atomicfile"
)

// Encode writes f to w. Equal files give equal bytes.
func (f *File) Encode(w io.Writer) error {
	header, err := f.header()
	if err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range f.Tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// entry is a tensor's line of the header.
type entry struct {
	DType   DType  `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// header renders the JSON object, padded so that the tensors start at a multiple of 8.
func (f *File) header() ([]byte, error) {
	var out bytes.Buffer
	metadata, err := json.Marshal(f.Metadata) // sorts the keys
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "{%q:%s", metadataName, metadata)
	at, seen := 0, map[string]bool{metadataName: true}
	for _, t := range f.Tensors {
		n, ok := elements(t.Shape)
		if !ok || t.DType.size() == 0 || n*t.DType.size() != len(t.Data) || seen[t.Name] {
			return nil, fmt.Errorf("write tensor %q: %d bytes for shape %v of %s, or the name is taken", t.Name, len(t.Data), t.Shape, t.DType)
		}
		seen[t.Name] = true
		name, _ := json.Marshal(t.Name)
		line, _ := json.Marshal(entry{t.DType, append([]int{}, t.Shape...), [2]int{at, at + len(t.Data)}})
		fmt.Fprintf(&out, ",%s:%s", name, line)
		at += len(t.Data)
	}
	out.WriteByte('}')
	for (lengthBytes+out.Len())%8 != 0 {
		out.WriteByte(' ')
	}
	if out.Len() > maxHeader {
		return nil, fmt.Errorf("the header would have %d bytes, at most %d are allowed", out.Len(), maxHeader)
	}
	return out.Bytes(), nil
}

// WriteFile writes f to path, which at every moment holds the old content or all of the new.
func (f *File) WriteFile(path string) error { return atomicfile.Write(path, f.Encode) }
