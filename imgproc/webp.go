package imgproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"

	"golang.org/x/image/webp"
)

// riffChunk is one part of a WebP file.
type riffChunk struct {
	kind string
	body []byte
}

// riffChunks lists chunks up to where the data ends. The padding of the last one may be missing.
func riffChunks(data []byte) []riffChunk {
	var chunks []riffChunk
	for len(data) >= 8 {
		n := uint64(binary.LittleEndian.Uint32(data[4:]))
		if n > uint64(len(data)-8) {
			break
		}
		chunks = append(chunks, riffChunk{string(data[:4]), data[8 : 8+n]})
		data = data[min(8+n+n&1, uint64(len(data))):]
	}
	return chunks
}

const riffHeader = 12 // bytes: RIFF, a size that is not always right, WEBP

// webpFile is what is needed of a WebP file.
type webpFile struct {
	w, h  int         // of the canvas, 0 where the picture alone tells
	at    image.Point // of the picture on the canvas
	parts []riffChunk // of the picture, or of the first frame
	exif  []byte
}

func readWebP(data []byte) webpFile {
	var f webpFile
	for _, c := range riffChunks(data[min(riffHeader, len(data)):]) {
		switch {
		case c.kind == "VP8X" && len(c.body) >= 10:
			f.w, f.h = 1+uint24(c.body[4:]), 1+uint24(c.body[7:])
		case c.kind == "ANMF" && len(c.body) >= 16 && f.parts == nil:
			f.at = image.Pt(2*uint24(c.body), 2*uint24(c.body[3:]))
			f.parts = pictureOf(riffChunks(c.body[16:]))
		case c.kind == "EXIF":
			f.exif = c.body
		}
	}
	if f.parts == nil {
		f.parts = pictureOf(riffChunks(data[min(riffHeader, len(data)):]))
	}
	return f
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// pictureOf keeps the chunks that hold pixels: the first picture, and the transparency before it.
func pictureOf(chunks []riffChunk) []riffChunk {
	var parts []riffChunk
	for _, c := range chunks {
		switch c.kind {
		case "ALPH":
			parts = []riffChunk{c}
		case "VP8L":
			return []riffChunk{c}
		case "VP8 ":
			return append(parts, c)
		}
	}
	return nil
}

// alone is the picture as a file of its own, without what a decoder may stumble over.
func (f webpFile) alone(w, h int) []byte {
	body := []byte("WEBP")
	add := func(c riffChunk) {
		body = append(body, c.kind...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(c.body)))
		body = append(body, c.body...)
		if len(c.body)%2 == 1 {
			body = append(body, 0)
		}
	}
	if len(f.parts) == 2 {
		const withAlpha = 1 << 4
		w, h = w-1, h-1
		add(riffChunk{"VP8X", []byte{withAlpha, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}})
	}
	for _, c := range f.parts {
		add(c)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// pictureSize reads the size of the picture on the canvas.
func (f webpFile) pictureSize() (w, h int, err error) {
	if len(f.parts) == 0 {
		return 0, 0, errors.New("it has no picture")
	}
	last := webpFile{parts: f.parts[len(f.parts)-1:]}
	c, err := webp.DecodeConfig(bytes.NewReader(last.alone(0, 0)))
	return c.Width, c.Height, err
}

func webpSize(data []byte) (w, h int, err error) {
	f := readWebP(data)
	if w, h, err = f.pictureSize(); err != nil {
		return 0, 0, err
	}
	return max(w, f.w), max(h, f.h), nil
}

// decodeWebP reads a picture, or the first frame of several, as it lies on its canvas.
func decodeWebP(data []byte) (Image, error) {
	f := readWebP(data)
	w, h, err := f.pictureSize()
	if err != nil {
		return Image{}, err
	}
	decoded, err := webp.Decode(bytes.NewReader(f.alone(w, h)))
	if err != nil {
		return Image{}, err
	}
	switch m := decoded.(type) {
	case *image.YCbCr:
		decoded = studioRGB(m, nil, 0)
	case *image.NYCbCrA:
		decoded = studioRGB(&m.YCbCr, m.A, m.AStride)
	}
	if box := image.Rect(0, 0, f.w, f.h); f.w > 0 && decoded.Bounds() != box {
		paper := onPaper(box, image.Transparent)
		draw.Draw(paper, decoded.Bounds().Add(f.at), decoded, image.Point{}, draw.Over)
		decoded = paper
	}
	return FromImage(decoded).Turned(exifTurn(f.exif)), nil
}

// studioRGB converts what VP8 stores, in the fixed-point steps of libwebp: luma from 16 to 235 and chroma from 16 to 240 (ITU-R
// BT.601), where package image takes 0 to 255. Chroma is interpolated between its samples.
func studioRGB(m *image.YCbCr, alpha []uint8, alphaStride int) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	cb, cr := make([]uint8, w), make([]uint8, w)
	for y := range h {
		chromaRow(cb, m.Cb, m.CStride, y, h)
		chromaRow(cr, m.Cr, m.CStride, y, h)
		for x := range w {
			to := out.Pix[y*out.Stride+4*x:][:4]
			luma, u, v := high(19077, m.Y[y*m.YStride+x]), cb[x], cr[x]
			to[0] = clip(luma + high(26149, v) - 14234)
			to[1] = clip(luma - high(6419, u) - high(13320, v) + 8708)
			to[2] = clip(luma + high(33050, u) - 17685)
			to[3] = 255
			if alpha != nil {
				to[3] = alpha[y*alphaStride+x]
			}
		}
	}
	return out
}

// high is factor·v/256, factor being in 1/16384ths: what is left is in 1/64ths.
func high(factor int, v uint8) int { return factor * int(v) >> 8 }

func clip(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }

// chromaRow writes row y of a plane of half the size, enlarged to h rows: nine parts of the nearest sample, three of each neighbour
// beside it and below or above, and one of that across.
func chromaRow(to, plane []uint8, stride, y, h int) {
	near := y / 2
	far := min(near+1, (h-1)/2)
	if y%2 == 0 {
		far = max(near-1, 0)
	}
	nearRow, farRow := plane[near*stride:], plane[far*stride:]
	lastX := (len(to) - 1) / 2
	for x := range to {
		a, b := x/2, min(x/2+1, lastX)
		if x%2 == 0 {
			b = max(x/2-1, 0)
		}
		to[x] = uint8((9*int(nearRow[a]) + 3*int(nearRow[b]) + 3*int(farRow[a]) + int(farRow[b]) + 8) >> 4)
	}
}
