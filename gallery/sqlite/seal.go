package sqlite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/siam-go/siam/gallery"
)

// sealer encrypts blobs by AES-256-GCM: a nonce of 12 bytes, then the sealed bytes. Without a key it leaves them as they are.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	if key == nil {
		return sealer{}, nil
	}
	if len(key) != 32 {
		return sealer{}, fmt.Errorf("the key has %d bytes, want 32: %w", len(key), gallery.ErrWrongKey)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCM(block)
	return sealer{aead}, err
}

// seal encrypts a blob that belongs to one place: an entry's key, and which of its blobs it is.
func (s sealer) seal(blob []byte, place string) []byte {
	if s.aead == nil {
		return blob
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(blob)+s.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return s.aead.Seal(nonce, nonce, blob, []byte(place))
}

// open decrypts what was sealed for the same place.
func (s sealer) open(sealed []byte, place string) ([]byte, error) {
	if s.aead == nil {
		return sealed, nil
	}
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, gallery.ErrDamaged
	}
	blob, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(place))
	if err != nil && place == known {
		return nil, gallery.ErrWrongKey
	}
	if err != nil {
		return nil, fmt.Errorf("%w: a blob is not what was written", gallery.ErrDamaged)
	}
	return blob, nil
}

func embeddingBytes(e []float32) []byte {
	blob := make([]byte, 0, 4*len(e))
	for _, v := range e {
		blob = binary.LittleEndian.AppendUint32(blob, math.Float32bits(v))
	}
	return blob
}

// appendEmbedding appends the numbers of a blob that has to have dim of them.
func appendEmbedding(values []float32, blob []byte, dim int) ([]float32, error) {
	if len(blob) != 4*dim {
		return nil, fmt.Errorf("%w: an embedding has %d bytes, want %d numbers", gallery.ErrDamaged, len(blob), dim)
	}
	for ; len(blob) > 0; blob = blob[4:] {
		v := math.Float32frombits(binary.LittleEndian.Uint32(blob))
		if v-v != 0 { // NaN or infinite
			return nil, fmt.Errorf("%w: an embedding holds %v", gallery.ErrDamaged, v)
		}
		values = append(values, v)
	}
	return values, nil
}
