package encoder

import (
	"bytes"
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

	"github.com/siam-go/siam/encoder/safetensors"
)

// File is a model: everything a .safetensors model file holds. Tensors are F32; what is not a tensor is JSON in the file's
// metadata.
type File struct {
	Spec Spec
	// Distance names how two embeddings are compared, see [metric.DistanceByName]; empty when Spec.PairHead.
	Distance string
	// Calibration is nil for a model whose threshold was never chosen.
	Calibration *Calibration
	Provenance  Provenance
	Weights     []Tensor
	// Networks are ONNX files that the model needs, by what they are for: [EncoderNetwork], [DetectorNetwork].
	Networks map[string][]byte
	// Hash identifies what embeddings and distances depend on: Spec, Distance, Weights and Networks. It is the SHA-256 in hexadecimal;
	// WriteFile and ReadFile set it. Embeddings of models with different hashes must not be compared, unless one is among the other's
	// Provenance.Compatible.
	Hash string
}

// The keys of File.Networks.
const (
	EncoderNetwork  = "encoder"  // an [Imported] model's own network
	DetectorNetwork = "detector" // finds the faces that the model compares, in photographs
)

// networkPrefix begins the names of the tensors, of bytes, that hold File.Networks.
const networkPrefix = "onnx/"

// Calibration is a threshold and the error rates measured with it: two images are the same when their distance is at most
// Threshold.
type Calibration struct {
	Threshold float32 `json:"threshold"`
	FMR       float64 `json:"fmr"`   // false match rate in [0, 1]: different pairs at or below the threshold
	FNMR      float64 `json:"fnmr"`  // false non-match rate in [0, 1]: same pairs above the threshold
	Pairs     int     `json:"pairs"` // how many pairs were measured
	DataSet   string  `json:"data_set,omitempty"`
}

// Provenance says how a model was made.
type Provenance struct {
	Recipe   string            `json:"recipe,omitempty"`
	DataSet  string            `json:"data_set,omitempty"`
	Seed     uint64            `json:"seed"`
	Steps    int               `json:"steps,omitempty"`
	Commit   string            `json:"commit,omitempty"` // of the program
	Settings map[string]string `json:"settings,omitempty"`
	Learned  Learned           `json:"learned,omitempty"`
	// Compatible are the hashes of older models whose embeddings may be compared with this one's.
	Compatible []string `json:"compatible,omitempty"`
}

// The keys of a model file's metadata. The hash covers spec, distance and weights; the checksum covers all metadata but
// itself, the hash included.
const (
	keyVersion     = "siam"
	keySpec        = "spec"
	keyDistance    = "distance"
	keyCalibration = "calibration"
	keyProvenance  = "provenance"
	keyHash        = "hash"
	keyChecksum    = "checksum"

	fileVersion = "1"
)

// WriteFile writes the model to path, which at every moment holds the old model or all of the new one. It sets f.Hash.
func (f *File) WriteFile(path string) error {
	raw, err := f.encode()
	if err != nil {
		return fmt.Errorf("write model %s: %w", path, err)
	}
	if err := raw.WriteFile(path); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

// ReadFile reads the model at path. A file that is truncated, damaged anywhere, of another kind or of a newer version gives
// an error that names it.
func ReadFile(path string) (*File, error) {
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
	if err := f.Spec.Check(); err != nil {
		return nil, err
	}
	raw := &safetensors.File{Metadata: map[string]string{keyVersion: fileVersion, keyDistance: f.Distance}}
	for key, value := range map[string]any{keySpec: f.Spec, keyCalibration: f.Calibration, keyProvenance: f.Provenance} {
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

func decode(raw *safetensors.File) (*File, error) {
	if err := verify(raw); err != nil {
		return nil, err
	}
	f := &File{Distance: raw.Metadata[keyDistance], Hash: raw.Metadata[keyHash]}
	for key, target := range map[string]any{keySpec: &f.Spec, keyCalibration: &f.Calibration, keyProvenance: &f.Provenance} {
		decoder := json.NewDecoder(bytes.NewReader([]byte(raw.Metadata[key])))
		decoder.DisallowUnknownFields() // a setting this program ignored would change what the model computes
		if err := decoder.Decode(target); err != nil {
			return nil, fmt.Errorf("%s, perhaps of a newer Siam: %w", key, err)
		}
	}
	if err := f.Spec.Check(); err != nil {
		return nil, err
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

// contentHash covers spec, distance and tensors, each with its length in front.
func contentHash(raw *safetensors.File) string {
	sum := sha256.New()
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
