package imgproc

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/png"

	"github.com/siam-go/siam/imgproc/internal/unread"
)

const pngSignature = 8 // bytes before the first chunk

func pngSize(data []byte) (w, h int, err error) {
	if matches("????????????CgBI", data) {
		return 0, 0, unread.Kind("Apple's for iPhones")
	}
	return sizeBy(png.DecodeConfig)(data)
}

// decodePNG reads a PNG; damage to chunks that viewers do without is no damage to the picture.
func decodePNG(data []byte) (Image, error) {
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		if decoded, err = png.Decode(bytes.NewReader(mendedPNG(data))); err != nil {
			return Image{}, err
		}
	}
	m := FromImage(decoded)
	for _, c := range pngChunks(data) {
		if c.kind == "eXIf" {
			return m.Turned(exifTurn(c.body)), nil
		}
	}
	return m, nil
}

// pngChunk is one part of a PNG. It is whole when its checksum is right.
type pngChunk struct {
	kind  string
	body  []byte
	all   []byte // with its length, kind and checksum
	whole bool
}

// pngChunks lists the chunks up to where the data ends, all of them complete.
func pngChunks(data []byte) []pngChunk {
	var chunks []pngChunk
	for rest := data[min(pngSignature, len(data)):]; len(rest) >= 12; {
		n := uint64(binary.BigEndian.Uint32(rest))
		if n > uint64(len(rest)-12) {
			break
		}
		c := pngChunk{kind: string(rest[4:8]), body: rest[8 : 8+n], all: rest[:12+n]}
		c.whole = binary.BigEndian.Uint32(rest[8+n:]) == crc32.ChecksumIEEE(rest[4:8+n])
		chunks = append(chunks, c)
		rest = rest[12+n:]
		if c.kind == "IEND" {
			break
		}
	}
	return chunks
}

// mendedPNG leaves out what is not needed to show the picture: chunks whose name begins with a small letter, but for a whole tRNS. It
// puts an end mark where there is none.
func mendedPNG(data []byte) []byte {
	mended := bytes.Clone(data[:min(pngSignature, len(data))])
	for _, c := range pngChunks(data) {
		if ancillary := c.kind[0]&0x20 != 0; (!ancillary || c.kind == "tRNS" && c.whole) && c.kind != "IEND" {
			mended = append(mended, c.all...)
		}
	}
	return append(mended, "\x00\x00\x00\x00IEND\xae\x42\x60\x82"...)
}
