package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// encodeNPY writes embeddings as NumPy's format, version 1.0: magic, length of a Python literal that is padded so that the
// numbers begin at a multiple of 64 bytes, then little-endian float32 [n, d].
func encodeNPY(e embedded) ([]byte, error) {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(e.Embeddings), e.Dim)
	const before = len("\x93NUMPY\x01\x00") + 2
	header += strings.Repeat(" ", 63-(before+len(header))%64) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	if err := binary.Write(&b, binary.LittleEndian, uint16(len(header))); err != nil {
		return nil, err
	}
	b.WriteString(header)
	for _, row := range e.Embeddings {
		if err := binary.Write(&b, binary.LittleEndian, row); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
