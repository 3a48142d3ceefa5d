package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// WriteFile writes f to path so that at every moment path holds the old content or all of the new: it writes beside path,
// waits for the disk, and renames. A full disk leaves the old file.
func (f *File) WriteFile(path string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*.siam-tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(temp.Name()) // does nothing after the rename
	if err := f.writeTo(temp); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

// writeTo fills and closes temp.
func (f *File) writeTo(temp *os.File) error {
	defer temp.Close() // a second Close is harmless
	w := bufio.NewWriterSize(temp, 1<<20)
	if err := f.Encode(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	return temp.Close()
}

// syncFolder makes a rename in dir survive a power cut, where the system can do that.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // not every file system can; the rename itself has succeeded
	return nil
}
