package modelfile

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/modelfile/safetensors"
)

// The keys of a model file's metadata. The hash covers kind, spec, distance and tensors; the checksum covers all metadata but
// itself, the hash included. Files of encoders have no kind.
const (
	keyVersion     = "siam"
	keyKind        = "kind"
	keySpec        = "spec"
	keyDistance    = "distance"
	keyCalibration = "calibration"
	keyProvenance  = "provenance"
	keyHash        = "hash"
	keyChecksum    = "checksum"

	fileVersion = "1"
)

// networkPrefix begins the names of the tensors, of bytes, that hold File.Networks.
const networkPrefix = "onnx/"

// Write writes the model to path, which at every moment holds the old model or all of the new one. It sets f.Hash.
func (f *File) Write(path string) error {
	raw, err := f.encode()
	if err != nil {
		return fmt.Errorf("write model %s: %w", path, err)
	}
	if err := raw.WriteFile(path); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

// Read reads the model at path. A file that is truncated, damaged anywhere, no model or of a newer version gives an error that
// names it. Whether the model's kind accepts its spec is that kind's to say.
func Read(path string) (*File, error) {
	raw, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	f, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("read model: %s: %w", path, err)
	}
	return f, nil
}

// encode renders the model and sets its hash.
func (f *File) encode() (*safetensors.File, error) {
	if f.Kind == "" || !isObject(f.Spec) {
		return nil, errors.New("the model lacks its kind, or its spec is no JSON object")
	}
	raw := &safetensors.File{Metadata: map[string]string{keyVersion: fileVersion, keySpec: string(f.Spec), keyDistance: f.Distance}}
	if f.Kind != Encoder {
		raw.Metadata[keyKind] = f.Kind
	}
	for key, value := range map[string]any{keyCalibration: f.Calibration, keyProvenance: f.Provenance} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		raw.Metadata[key] = string(text)
	}
	for _, w := range f.Weights {
		raw.Tensors = append(raw.Tensors, safetensors.FromFloat32(w.Name, w.Shape, w.Values))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Networks)) {
		network := f.Networks[name]
		raw.Tensors = append(raw.Tensors, safetensors.Tensor{
			Name: networkPrefix + name, DType: safetensors.U8, Shape: []int{len(network)}, Data: network,
		})
	}
	f.Hash = contentHash(raw)
	raw.Metadata[keyHash] = f.Hash
	raw.Metadata[keyChecksum] = checksum(raw.Metadata)
	return raw, nil
}

// DecodeSpec fills in target from f.Spec. A setting that target lacks is an error: a program that ignored it would compute something
// else.
func (f *File) DecodeSpec(target any) error {
	if err := decodeStrictly(string(f.Spec), target); err != nil {
		return fmt.Errorf("spec, perhaps of a newer Siam: %w", err)
	}
	return nil
}

func decodeStrictly(text string, target any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(target)
}

// isObject reports whether text is a JSON object.
func isObject(text json.RawMessage) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(text, &object) == nil && object != nil
}

func decode(raw *safetensors.File) (*File, error) {
	if err := verify(raw); err != nil {
		return nil, err
	}
	f := &File{
		Kind: cmp.Or(raw.Metadata[keyKind], Encoder), Spec: json.RawMessage(raw.Metadata[keySpec]),
		Distance: raw.Metadata[keyDistance], Hash: raw.Metadata[keyHash],
	}
	if !isObject(f.Spec) {
		return nil, errors.New("its spec is no JSON object")
	}
	for key, target := range map[string]any{keyCalibration: &f.Calibration, keyProvenance: &f.Provenance} {
		if err := decodeStrictly(raw.Metadata[key], target); err != nil {
			return nil, fmt.Errorf("%s, perhaps of a newer Siam: %w", key, err)
		}
	}
	for _, t := range raw.Tensors {
		if name, ok := strings.CutPrefix(t.Name, networkPrefix); ok && t.DType == safetensors.U8 {
			if f.Networks == nil {
				f.Networks = map[string][]byte{}
			}
			f.Networks[name] = t.Data
			continue
		}
		values, err := t.Float32()
		if err != nil {
			return nil, err
		}
		f.Weights = append(f.Weights, Tensor{t.Name, t.Shape, values})
	}
	return f, nil
}

// verify compares the file with its version, checksum and hash.
func verify(raw *safetensors.File) error {
	version, ours := raw.Metadata[keyVersion]
	switch {
	case !ours:
		return errors.New("a safetensors file, but not a Siam model: its metadata has no \"siam\"")
	case raw.Metadata[keyChecksum] != checksum(raw.Metadata):
		return errors.New("damaged: its metadata does not fit its checksum; copy or download it again")
	case version != fileVersion:
		return fmt.Errorf("model file version %q, this program reads version %s", version, fileVersion)
	case raw.Metadata[keyHash] != contentHash(raw):
		return errors.New("damaged: its weights do not fit its hash; copy or download it again")
	}
	return nil
}

// contentHash covers kind, spec, distance and tensors, each with its length in front.
func contentHash(raw *safetensors.File) string {
	sum := sha256.New()
	if kind := raw.Metadata[keyKind]; kind != "" {
		add(sum, kind)
	}
	add(sum, raw.Metadata[keySpec])
	add(sum, raw.Metadata[keyDistance])
	for _, t := range raw.Tensors {
		add(sum, t.Name)
		add(sum, fmt.Sprint(t.DType, t.Shape))
		add(sum, t.Data)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func checksum(metadata map[string]string) string {
	sum := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if key != keyChecksum {
			add(sum, key)
			add(sum, metadata[key])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// add feeds sum the length of data and data.
func add[T string | []byte](sum hash.Hash, data T) {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(data)))
	sum.Write(length[:])
	switch data := any(data).(type) {
	case string:
		io.WriteString(sum, data)
	case []byte:
		sum.Write(data)
	}
}
