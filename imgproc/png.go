package imgproc

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"io"

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
// puts an end mark where there is none, and the right checksum below whole pixels.
func mendedPNG(data []byte) []byte {
	mended := bytes.Clone(data[:min(pngSignature, len(data))])
	var pixels []byte
	for _, c := range pngChunks(data) {
		ancillary := c.kind[0]&0x20 != 0
		switch {
		case c.kind == "IDAT" && c.whole:
			pixels = append(pixels, c.body...)
		case (!ancillary || c.kind == "tRNS" && c.whole) && c.kind != "IEND":
			mended = append(mended, c.all...)
		}
	}
	mended = appendPNGChunk(mended, "IDAT", withRightSum(pixels, mostPNGBytes(data)))
	return appendPNGChunk(mended, "IEND", nil)
}

func appendPNGChunk(to []byte, kind string, body []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(body)))
	from := len(to)
	to = append(append(to, kind...), body...)
	return binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[from:]))
}

// mostPNGBytes is what a picture of this size has at most when it is unpacked: 8 bytes a pixel and a byte for each row of each pass.
func mostPNGBytes(data []byte) int64 {
	w, h, err := pngSize(data)
	if err != nil {
		return 0
	}
	return (8*int64(w) + 2) * (int64(h) + 8)
}

// withRightSum packs what zlib packed once more, when all of it is there but for its checksum. Viewers do not look at that.
func withRightSum(packed []byte, most int64) []byte {
	if len(packed) < 2 {
		return packed
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed[2:])), most))
	if err != nil {
		return packed
	}
	var again bytes.Buffer
	z := zlib.NewWriter(&again)
	if _, err := z.Write(raw); err != nil || z.Close() != nil {
		return packed
	}
	return again.Bytes()
}
